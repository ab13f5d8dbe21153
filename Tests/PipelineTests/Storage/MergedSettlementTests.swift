import TestSupport
import Testing

@testable import Pipeline

@Suite struct MergedSettlementTests {
    static let soon = StoreUnderTest.now

    static func settlement(
        parked: [ParkedMessage] = [],
        unparked: [Int64] = [],
        due: [Int64: Timestamp] = [:],
        pause: Settlement.Pause? = nil,
        notices: Append? = nil
    ) -> Settlement {
        Settlement(
            publisher: 7,
            progress: Progress(epoch: 1),
            parked: parked,
            unparked: unparked,
            due: due,
            pause: pause,
            notices: notices
        )
    }

    /// What is written for settlements that came in one after the other; the same whether the later ones were merged
    /// before they met the first, as after a commit that failed.
    static func merged(_ settlements: Settlement...) -> Settlement {
        var merged = MergedSettlement(settlements[0], 0)
        for settlement in settlements.dropFirst() { merged.merge(settlement, 0) }

        var first = MergedSettlement(settlements[0], 0)
        if settlements.count > 1 {
            var rest = MergedSettlement(settlements[1], 0)
            for settlement in settlements.dropFirst(2) { rest.merge(settlement, 0) }
            first.merge(rest)
        }
        #expect(first.settlement.parked == merged.settlement.parked)
        #expect(first.settlement.unparked == merged.settlement.unparked)
        #expect(first.settlement.due == merged.settlement.due)
        #expect(first.count == merged.count)
        return merged.settlement
    }

    static func due(_ row: ParkedMessage) -> ParkedMessage {
        var row = row
        row.dueAt = soon
        return row
    }

    @Test func `rows that are in the store become due without being written`() {
        let merged = Self.merged(Self.settlement(due: [1: Self.soon]), Self.settlement(due: [2: Self.soon]))
        #expect(merged.due == [1: Self.soon, 2: Self.soon])
        #expect(merged.parked.isEmpty && merged.unparked.isEmpty)
    }

    @Test func `of two times the later word counts`() {
        let other = Self.soon.advanced(by: .seconds(5))
        #expect(Self.merged(Self.settlement(due: [1: Self.soon]), Self.settlement(due: [1: other])).due == [1: other])
    }

    @Test func `a row that waits to be written becomes due in it`() {
        let merged = Self.merged(Self.settlement(parked: [.some(1), .some(2)]), Self.settlement(due: [1: Self.soon]))
        #expect(merged.parked == [Self.due(.some(1)), .some(2)])
        #expect(merged.due == [:])
    }

    @Test func `a dead row that waits to be written and becomes due lives, its strikes forgotten`() {
        let merged = Self.merged(Self.settlement(parked: [.dead(1)]), Self.settlement(due: [1: Self.soon]))
        var row = Self.due(.dead(1))
        row.diedAt = nil
        row.strikes = 0
        #expect(merged.parked == [row])
        #expect(merged.due == [:])
    }

    @Test func `a living row that becomes due keeps its strikes`() {
        var row = ParkedMessage.some(1)
        row.strikes = 3
        #expect(
            Self.merged(Self.settlement(parked: [row]), Self.settlement(due: [1: Self.soon])).parked == [Self.due(row)]
        )
    }

    @Test func `what goes does not become due`() {
        let merged = Self.merged(Self.settlement(unparked: [1]), Self.settlement(due: [1: Self.soon]))
        #expect(merged.unparked == [1])
        #expect(merged.due == [:] && merged.parked.isEmpty)
    }

    @Test func `what was to become due and goes, goes`() {
        let merged = Self.merged(Self.settlement(due: [1: Self.soon, 2: Self.soon]), Self.settlement(unparked: [1]))
        #expect(merged.unparked == [1])
        #expect(merged.due == [2: Self.soon])
    }

    @Test func `what was to become due and is parked again, or dies, is written as it then is`() {
        let merged = Self.merged(
            Self.settlement(due: [1: Self.soon, 2: Self.soon]),
            Self.settlement(parked: [.some(1), .dead(2)])
        )
        #expect(merged.parked == [.some(1), .dead(2)])
        #expect(merged.due == [:])
    }

    @Test func `a row that goes, comes again and becomes due is due`() {
        let merged = Self.merged(
            Self.settlement(unparked: [1]),
            Self.settlement(parked: [.dead(1)]),
            Self.settlement(due: [1: Self.soon])
        )
        #expect(merged.parked.map(\.dueAt) == [Self.soon])
        #expect(merged.parked.map(\.diedAt) == [nil])
        #expect(merged.unparked.isEmpty && merged.due == [:])
    }

    @Test func `of one settlement rows are written, then they go, then they become due`() {
        let merged = Self.merged(
            Self.settlement(
                parked: [.some(1), .some(2)],
                unparked: [2],
                due: [1: Self.soon, 2: Self.soon, 3: Self.soon]
            )
        )
        #expect(merged.parked == [Self.due(.some(1))])
        #expect(merged.unparked == [2])
        #expect(merged.due == [3: Self.soon])
    }

    @Test func `of two pauses the later one counts, and none does not end one`() {
        let first = Settlement.Pause(reason: "1")
        let second = Settlement.Pause(reason: "2")
        #expect(Self.merged(Self.settlement(pause: first), Self.settlement()).pause == first)
        #expect(Self.merged(Self.settlement(pause: first), Self.settlement(pause: second)).pause == second)
    }

    @Test func `notices come in the order in which they were given, and count as rows`() {
        let topic = CommitterStateMachineTests.topic
        var merged = MergedSettlement(Self.settlement(notices: Append(topic, "1", "2")), 0)
        #expect(merged.count == 3)
        merged.merge(Self.settlement(), 0)
        merged.merge(Self.settlement(notices: Append(topic, "3")), 0)
        #expect(merged.settlement.notices?.messages == Append(topic, "1", "2", "3").messages)
        #expect(merged.count == 4)
    }

    @Test func `what a newer owner displaces keeps its history and nothing else`() {
        var earlier = Self.settlement(
            parked: [.some(1)],
            due: [2: Self.soon],
            pause: Settlement.Pause(reason: "1"),
            notices: Append(CommitterStateMachineTests.topic, "1")
        )
        earlier.attempts = [.some(1, .refused)]
        var newer = MergedSettlement(Self.settlement(), 1)
        newer.keep(historyOf: MergedSettlement(earlier, 0))
        #expect(newer.settlement.attempts == [.some(1, .refused)])
        #expect(newer.settlement.parked.isEmpty && newer.settlement.due == [:])
        #expect(newer.settlement.pause == nil)
        #expect(newer.settlement.notices == nil)
    }
}
