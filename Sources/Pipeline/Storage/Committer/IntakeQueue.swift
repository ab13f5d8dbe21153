/// Appends that wait for one lane, in the order in which they came.
struct IntakeQueue<Caller: Sendable>: Sendable {
    struct Member: Sendable {
        let append: Append
        let caller: Caller
        /// What the append counts for in the bound of everything that waits.
        let weight: Int

        init(_ append: Append, _ caller: Caller) {
            self.append = append
            self.caller = caller
            // A message without a payload takes memory too.
            weight = append.messages.reduce(256) { $0 + $1.bytes + 128 }
        }
    }

    private var members: [Member] = []

    var isEmpty: Bool { members.isEmpty }

    mutating func add(_ member: Member) {
        members.append(member)
    }

    mutating func takeAll() -> [Member] {
        defer { members = [] }
        return members
    }

    /// Takes the first ones, up to so many bytes and messages, and one at least.
    mutating func take(bytes: Int, messages: Int) -> [Member] {
        var byteCount = 0
        var messageCount = 0
        let end =
            members.firstIndex { member in
                byteCount += member.weight
                messageCount += member.append.messages.count
                return byteCount > bytes || messageCount > messages
            } ?? members.count
        if end == members.count {
            defer { members = [] }
            return members
        }
        let taken = Array(members[..<max(end, 1)])
        members.removeFirst(taken.count)
        return taken
    }
}
