import TestSupport
import Testing

@testable import Pipeline

/// What a hand can do with messages, while deliveries go on.
@Suite(.timeLimit(.minutes(2))) struct OperationsTests {
    private func parkForLong(_ settings: inout PublisherSettings) {
        settings.secondsRetry = 3600
        settings.maxAttempts = 1
    }

    /// An office whose target does not take messages until it is told to.
    private func run(
        failure: Attempt.Result = .failed,
        _ body: (OfficeHarness, _ publisher: Int64, _ well: Gate) async throws -> Void
    ) async throws {
        let well = Gate()
        let target = ScriptedTarget { _ in well.isOpen ? .delivered : failure }
        try await OfficeHarness.run(target: target) { harness in
            try await body(harness, try await harness.publishers(1, parkForLong)[0], well)
        }
    }

    private func parked(_ count: Int64, _ harness: OfficeHarness, _ id: Int64) async throws {
        try await eventually { try await harness.office.publisher(id: id)?.parked == count }
    }

    @Test("Retry makes parked messages due, says how many, and makes an open circuit probe at once")
    func retry() async throws {
        try await run { harness, id, well in
            _ = try await harness.post(30)
            try await eventually { try await harness.office.publisher(id: id)?.state == "circuit_open" }
            try await eventually { try await harness.office.publisher(id: id)?.inFlight == 0 }
            let count = try #require(try await harness.office.publisher(id: id)?.parked)
            well.open()
            #expect(try await harness.office.retry(publisher: id, dead: false).map { Int64($0) } == count)
            try await harness.settled(id, delivered: 30)
        }
    }

    @Test("W2 Dead messages stay until a retry asks for them; then they live again")
    func retryDead() async throws {
        try await run(failure: .refused) { harness, id, well in
            _ = try await harness.post(20)
            try await eventually { try await harness.office.publisher(id: id)?.dead == 20 }
            #expect(try await harness.office.message(id: 1)?.deliveries[0].state == "dead")
            well.open()
            #expect(try await harness.office.retry(publisher: id, dead: false) == 0)
            #expect(try await harness.office.retry(publisher: id, dead: true) == 20)
            try await harness.settled(id, delivered: 20)
            #expect(try await harness.office.publisher(id: id)?.dead == 0)
        }
    }

    @Test("Discard drops parked and dead messages: they count as discarded, and their history says so")
    func discard() async throws {
        try await run(failure: .refused) { harness, id, _ in
            _ = try await harness.post(20)
            try await eventually { try await harness.office.publisher(id: id)?.dead == 20 }
            #expect(try await harness.office.discard(publisher: id, messages: [3, 4, 999]) == 2)
            #expect(try await harness.office.discard(publisher: id, messages: [3]) == 0)
            #expect(try await harness.office.discard(publisher: id, messages: nil) == 18)
            let status = try #require(try await harness.office.publisher(id: id))
            #expect((status.dead, status.parked, status.discarded, status.pending) == (0, 0, 20, 0))
            let message = try #require(try await harness.office.message(id: 3)?.deliveries[0])
            #expect(message.state == "discarded")
            #expect(message.attempts.last?.result == .discarded)
        }
    }

    @Test(
        "Single messages are delivered again: what has left, once more; what is parked or dead becomes due; else nothing"
    )
    func replayMessages() async throws {
        try await run { harness, id, well in
            well.open()
            _ = try await harness.post(5)
            try await harness.settled(id, delivered: 5)
            #expect(try await harness.office.replay(publisher: id, messages: [2, 4, 77]) == 2)
            try await eventually { try await harness.office.publisher(id: id)?.replayed == 2 }
            let status = try #require(try await harness.office.publisher(id: id))
            #expect((status.delivered, status.pending, status.replaying) == (5, 0, 0))
            #expect(harness.target.messages(of: id).sorted() == [1, 2, 2, 3, 4, 4, 5])
            #expect(try await harness.office.replay(message: 3, publisher: nil) == 1)
            try await eventually { try await harness.office.publisher(id: id)?.replayed == 3 }
            #expect(try await harness.office.replay(message: 999, publisher: nil) == nil)
        }
    }

    @Test("A replay that fails is parked and counted apart, and can be discarded without counting as anything")
    func failingReplay() async throws {
        try await run { harness, id, well in
            well.open()
            _ = try await harness.post(3)
            try await harness.settled(id, delivered: 3)
            well.shut()
            #expect(try await harness.office.replay(publisher: id, messages: [1]) == 1)
            try await eventually { harness.target.arrivals.count == 4 }
            try await eventually { try await harness.office.publisher(id: id)?.inFlight == 0 }
            var status = try #require(try await harness.office.publisher(id: id))
            #expect((status.parked, status.replaying, status.delivered, status.replayed) == (0, 1, 3, 0))
            #expect(try await harness.office.discard(publisher: id, messages: nil) == 1)
            status = try #require(try await harness.office.publisher(id: id))
            #expect((status.replaying, status.discarded, status.delivered) == (0, 0, 3))
        }
    }

    @Test("A range is delivered again beside what is new, and counted apart", arguments: [1, 10])
    func replayRange(maxDemand: Int) async throws {
        try await OfficeHarness.run(maxDemand: maxDemand) { harness in
            let id = try await harness.publishers(1)[0]
            _ = try await harness.post(200)
            try await harness.settled(id, delivered: 200)
            #expect(try await harness.office.replay(publisher: id, from: nil, to: nil) == .started(count: 200))
            _ = try await harness.post(50)
            try await eventually { try await harness.office.publisher(id: id)?.replayed == 200 }
            try await harness.settled(id, delivered: 250)
            try await eventually { try await harness.office.publisher(id: id)?.replay == nil }
            let counts = Dictionary(grouping: harness.target.messages(of: id), by: { $0 }).mapValues(\.count)
            #expect((1...200).allSatisfy { counts[$0] == 2 })
            #expect((201...250).allSatisfy { counts[$0] == 1 })
        }
    }

    @Test("A range ends where the time ends: from is in it, to is not")
    func rangeOfTimes() async throws {
        let store = InMemoryStore()
        try await OfficeHarness.run(store: store) { harness in
            let id = try await harness.publishers(1)[0]
            var times: [Timestamp] = []
            for _ in 1...5 {
                let message = try await harness.post(1)[0]
                times.append(try #require(try await harness.office.message(id: message)?.message.receivedAt))
                try await ContinuousClock().sleep(for: .milliseconds(3))
            }
            try await harness.settled(id, delivered: 5)
            let result = try await harness.office.replay(publisher: id, from: times[1], to: times[3])
            #expect(result == .started(count: 2))
            try await eventually { try await harness.office.publisher(id: id)?.replayed == 2 }
            try await eventually { try await harness.office.publisher(id: id)?.replay == nil }
            #expect(harness.target.messages(of: id).sorted() == [1, 2, 2, 3, 3, 4, 5])
        }
    }

    @Test("A second range is refused while the first is under way, and the first survives a restart of the tree")
    func rangeRestart() async throws {
        let well = Gate()
        well.open()
        let target = ScriptedTarget { _ in
            await well.wait()
            return .delivered
        }
        try await OfficeHarness.run(target: target, maxDemand: 2) { harness in
            let id = try await harness.publishers(1)[0]
            _ = try await harness.post(20)
            try await harness.settled(id, delivered: 20)
            well.shut()
            #expect(try await harness.office.replay(publisher: id, from: nil, to: nil) == .started(count: 20))
            #expect(try await harness.office.replay(publisher: id, from: nil, to: nil) == .underWay)
            try await eventually { harness.target.arrivals.count == 22 }
            let restart = Task { try await harness.office.restartPublisher(id: id) }
            well.open()
            _ = try await restart.value
            try await eventually { try await harness.office.publisher(id: id)?.replay == nil }
            let counts = Dictionary(grouping: target.messages(of: id), by: { $0 }).mapValues(\.count)
            #expect((1...20).allSatisfy { (counts[$0] ?? 0) >= 2 })
        }
    }

    @Test("A range skips what has not left, and makes what is parked or dead due")
    func rangeWithRows() async throws {
        let well = Gate()
        let target = ScriptedTarget { delivery in
            if well.isOpen { return .delivered }
            return delivery.messages[0] % 2 == 0 ? .refused : .delivered
        }
        try await OfficeHarness.run(target: target) { harness in
            let id = try await harness.publishers(1, parkForLong)[0]
            _ = try await harness.post(10)
            try await eventually { try await harness.office.publisher(id: id)?.dead == 5 }
            try await harness.settled(id, delivered: 5)
            well.open()
            #expect(try await harness.office.replay(publisher: id, from: nil, to: nil) == .started(count: 10))
            try await eventually {
                let status = try #require(try await harness.office.publisher(id: id))
                return status.replayed == 5 && status.delivered == 10 && status.dead == 0
            }
        }
    }

    enum Moment: CaseIterable {
        case beforeTheDiscardIsDurable
        case afterTheyWereRead
    }

    @Test("Messages that are discarded just when they are due are not delivered", arguments: Moment.allCases)
    func discardOfWhatIsDue(moment: Moment) async throws {
        let (well, gate, isLate, readings) = (Gate(), Gate(), Gate(), Counter())
        gate.open()
        let store = WatchedStore(after: { call in
            guard call == .parked else { return }
            readings.increase()
            await gate.wait()
        })
        var world = World.real
        world.now = { World.real.now().advanced(by: isLate.isOpen ? .seconds(7200) : .zero) }
        let target = ScriptedTarget { _ in well.isOpen ? .delivered : .refused }
        try await OfficeHarness.run(target: target, world: world, store: store) { harness in
            let id = try await harness.publishers(1) { $0.secondsRetry = 3600 }[0]
            _ = try await harness.post(3)
            try await eventually {
                let status = try #require(try await harness.office.publisher(id: id))
                return status.parked == 3 && status.inFlight == 0
            }
            let office = harness.office
            func look() async throws {
                let seen = readings.value
                well.open()
                isLate.open()
                // Makes the tree look again.
                _ = try await office.updatePublisher(id: id) { publisher in
                    var settings = publisher.settings
                    settings.maxAttempts = 99
                    return settings
                }
                try await eventually { readings.value > seen }
            }
            switch moment {
            case .beforeTheDiscardIsDurable:
                store.base.faults.hold()
                let before = store.base.faults.batches.count
                async let count = office.discard(publisher: id, messages: nil)
                await store.base.faults.begun(before + 1)
                try await look()
                store.base.faults.release()
                #expect(try await count == 3)
            case .afterTheyWereRead:
                gate.shut()
                try await look()
                #expect(try await office.discard(publisher: id, messages: nil) == 3)
                gate.open()
            }
            _ = try await harness.post(1)
            try await harness.settled(id, delivered: 1)
            let status = try #require(try await office.publisher(id: id))
            #expect((status.delivered, status.discarded, status.parked) == (1, 3, 0))
            #expect(target.messages(of: id).sorted() == [1, 2, 3, 4])
        }
    }

    @Test("Dead messages that live again are delivered, though somebody looked for them before that was durable")
    func retryLookedFor() async throws {
        let well = Gate()
        let looks = Counter()
        let target = ScriptedTarget { _ in well.isOpen ? .delivered : .refused }
        let store = WatchedStore(after: { if $0 == .parked { looks.increase() } })
        try await OfficeHarness.run(target: target, store: store) { harness in
            let id = try await harness.publishers(1, parkForLong)[0]
            _ = try await harness.post(1)
            try await eventually {
                let status = try #require(try await harness.office.publisher(id: id))
                return status.dead == 1 && status.inFlight == 0
            }
            well.open()
            let commits = store.base.faults.batches.count
            let before = looks.value
            store.base.faults.hold()
            async let count = harness.office.retry(publisher: id, dead: true)
            await store.base.faults.begun(commits + 1)
            _ = try await harness.office.updatePublisher(id: id) { $0.settings }
            // For what is due now, and for when to look again.
            try await eventually { looks.value >= before + 2 }
            store.base.faults.release()
            #expect(try await count == 1)
            try await harness.settled(id, delivered: 1)
        }
    }

    @Test("Hands on a publisher that does not exist find nothing")
    func unknown() async throws {
        try await OfficeHarness.run { harness in
            let retried = try await harness.office.retry(publisher: 9, dead: true)
            #expect(retried == nil)
            #expect(try await harness.office.discard(publisher: 9, messages: nil) == nil)
            #expect(try await harness.office.replay(publisher: 9, messages: [1]) == nil)
            #expect(try await harness.office.replay(publisher: 9, from: nil, to: nil) == .unknownPublisher)
        }
    }
}
