import DequeModule

/// History messages that are to be sent, within a bound: what there is no room for is lost, and counted.
struct HistoryQueue {
    /// What a message takes beside its bytes.
    private static let overhead = 256

    /// Bytes that may wait.
    let capacity: Int
    private(set) var counts = HistoryCounts()
    private(set) var isClosed = false
    private var waiting: Deque<Message> = []
    private var bytes = 0
    /// Lost since that was told last, and when that was.
    private var untold: Int64 = 0
    private var toldAt: Timestamp?

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Whether a message of so many bytes can be added. To be asked before it is made as well.
    func hasRoom(for bytes: Int) -> Bool {
        !isClosed && self.bytes + bytes + Self.overhead <= capacity
    }

    /// - Returns: false when there is no room for it.
    mutating func add(_ message: Message) -> Bool {
        guard hasRoom(for: message.bytes) else { return false }
        waiting.append(message)
        bytes += message.bytes + Self.overhead
        counts.waiting = waiting.count
        return true
    }

    /// The next messages for one call, the oldest first.
    func next(atMost count: Int, _ body: PublishBody) -> [Message] {
        var length = PublishBody.emptyLength
        return Array(
            waiting.prefix(count).prefix { message in
                length += body.length(of: message)
                return length <= PubSubLimits.requestBytes
            }
        )
    }

    /// The oldest ones have been taken.
    mutating func sent(_ count: Int) {
        remove(count)
        counts.sent += Int64(count)
        counts.problem = nil
    }

    /// The oldest ones are not to be had by Pub/Sub.
    mutating func dropped(_ count: Int, _ reason: String?) {
        remove(count)
        lost(count)
        counts.problem = reason
    }

    mutating func lost(_ count: Int) {
        counts.lost += Int64(count)
        untold += Int64(count)
    }

    mutating func failed(_ reason: String?) {
        counts.problem = reason
    }

    /// Nothing more comes.
    mutating func close() {
        isClosed = true
    }

    /// How many were lost since that was told last; nil: none, or it was told less than a minute ago.
    mutating func takeLost(at now: Timestamp) -> Int64? {
        guard untold > 0, isClosed || toldAt.map({ now.since($0) >= .seconds(60) }) ?? true else { return nil }
        defer { untold = 0 }
        toldAt = now
        return untold
    }

    private mutating func remove(_ count: Int) {
        bytes -= waiting.prefix(count).reduce(0) { $0 + $1.bytes + Self.overhead }
        waiting.removeFirst(count)
        counts.waiting = waiting.count
    }
}
