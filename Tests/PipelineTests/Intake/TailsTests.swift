import Testing

@testable import Pipeline

@Suite struct TailsTests {
    private func messages(_ ids: ClosedRange<Int64>, bytes: Int = 10) -> [Message] {
        ids.map {
            Message(
                id: $0,
                topicID: 1,
                payload: Array(repeating: 65, count: bytes),
                attributes: [],
                receivedAt: Timestamp(milliseconds: 0)
            )
        }
    }

    private func ids(_ reading: Tails.Reading) -> [Int64]? {
        if case .messages(let messages) = reading { messages.map(\.id) } else { nil }
    }

    private func isStored(_ reading: Tails.Reading) -> Bool {
        if case .stored = reading { true } else { false }
    }

    private func reader(of tails: Tails) -> Wakeup {
        let wakeup = Wakeup()
        tails.subscribe(wakeup, publisher: 1, to: 1)
        return wakeup
    }

    @Test("What was committed after the position is read from memory, in order")
    func reads() {
        let tails = Tails(capacity: 1_000_000)
        _ = reader(of: tails)
        tails.committed(topicID: 1, after: 0, messages: messages(1...3))
        tails.committed(topicID: 1, after: 3, messages: messages(5...6))
        #expect(ids(tails.read(topicID: 1, after: 0, limit: 10)) == [1, 2, 3, 5, 6])
        #expect(ids(tails.read(topicID: 1, after: 2, limit: 2)) == [3, 5])
        guard case .nothing = tails.read(topicID: 1, after: 6, limit: 10) else {
            Issue.record("there is nothing after the last one")
            return
        }
    }

    @Test("What somebody else appended in between is a gap: it is read from the store, never skipped")
    func gap() {
        let tails = Tails(capacity: 1_000_000)
        _ = reader(of: tails)
        tails.committed(topicID: 1, after: 0, messages: messages(1...3))
        tails.committed(topicID: 1, after: 4, messages: messages(5...6))
        #expect(isStored(tails.read(topicID: 1, after: 3, limit: 10)))
        #expect(ids(tails.read(topicID: 1, after: 4, limit: 10)) == [5, 6])
    }

    @Test("The oldest go first when the tails are full; what went is read from the store")
    func bound() {
        let tails = Tails(capacity: 2000)
        _ = reader(of: tails)
        for id in Int64(1)...100 {
            tails.committed(topicID: 1, after: id - 1, messages: messages(id...id, bytes: 100))
            #expect(tails.bytes <= 2000)
        }
        #expect(isStored(tails.read(topicID: 1, after: 0, limit: 10)))
        #expect(ids(tails.read(topicID: 1, after: 98, limit: 10)) == [99, 100])
    }

    @Test("A commit of unknown outcome empties the tail")
    func forgotten() {
        let tails = Tails(capacity: 1_000_000)
        _ = reader(of: tails)
        tails.committed(topicID: 1, after: 0, messages: messages(1...3))
        tails.forget(topics: [1])
        #expect(isStored(tails.read(topicID: 1, after: 0, limit: 10)))
        tails.committed(topicID: 1, after: 7, messages: messages(8...8))
        #expect(isStored(tails.read(topicID: 1, after: 3, limit: 10)))
        #expect(ids(tails.read(topicID: 1, after: 7, limit: 10)) == [8])
    }

    @Test("A refresh that knows a newer head wakes the readers; one that does not, does not", .timeLimit(.minutes(1)))
    func refresh() async {
        let tails = Tails(capacity: 1_000_000)
        let wakeup = reader(of: tails)
        tails.refresh([TopicHead(topicID: 1, headID: 9, receivedCount: 9)])
        await wakeup.wait()
        #expect(isStored(tails.read(topicID: 1, after: 3, limit: 10)))
        #expect(tails.received(topicID: 1) == 9)
        tails.refresh([TopicHead(topicID: 1, headID: 9, receivedCount: 9)])
        tails.committed(topicID: 1, after: 9, messages: messages(10...10))
        await wakeup.wait()
        #expect(tails.received(topicID: 1) == 10)
    }
}
