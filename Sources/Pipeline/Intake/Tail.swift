import DequeModule

/// The newest messages of one topic, in memory: a chain, each batch with the head that its append found.
///
/// A tree at position p may read from it only if `after <= p`. What another node appended in between is a gap, and a
/// gap is read from the store, never skipped.
struct Tail {
    /// Everything of the topic above this id, up to the last message here, is here.
    private(set) var after: Int64
    private(set) var messages: Deque<Message> = []

    init(after: Int64) {
        self.after = after
    }

    var last: Int64 { messages.last?.id ?? after }

    /// - Returns: false when the batch does not follow: then it has replaced what was here.
    mutating func append(_ batch: [Message], after head: Int64) -> Bool {
        let follows = head == last
        if !follows {
            messages.removeAll()
            after = head
        }
        messages.append(contentsOf: batch)
        return follows
    }

    /// The oldest go first.
    mutating func removeOldest(_ count: Int) {
        guard count > 0, !messages.isEmpty else { return }
        let count = min(count, messages.count)
        after = messages[count - 1].id
        messages.removeFirst(count)
    }

    mutating func empty(head: Int64) {
        messages.removeAll()
        after = head
    }

    /// Messages after `position`, in order; nil when they are not all here.
    func read(after position: Int64, limit: Int) -> ArraySlice<Message>? {
        guard after <= position else { return nil }
        var low = messages.startIndex
        var high = messages.endIndex
        while low < high {
            let middle = (low + high) / 2
            if messages[middle].id <= position { low = middle + 1 } else { high = middle }
        }
        return ArraySlice(messages[low..<min(messages.endIndex, low + limit)])
    }
}
