import TestSupport
import Testing

@testable import Pipeline

/// What the rules of the circuit are there for, with a whole office.
@Suite(.timeLimit(.minutes(2))) struct OutageTests {
    private func retryAtOnce(_ settings: inout PublisherSettings) {
        settings.secondsRetry = 1
        settings.secondsRetryMax = 1
        settings.maxAttempts = 3
    }

    @Test("One message that always gets a 500 beside healthy ones holds up none of them, and dies of its own attempts")
    func poison() async throws {
        let delivered = Counter()
        let target = ScriptedTarget { delivery in
            guard delivery.messages[0] == 5 else { return .delivered }
            // Others are accepted during each attempt: what else it fails of would be the target's fault.
            let before = delivered.value
            try? await eventually { delivered.value > before }
            return .failed
        }
        try await OfficeHarness.run(target: target, world: .hurried) { harness in
            let id = try await harness.publishers(1, retryAtOnce)[0]
            var posted: Int64 = 0
            try await eventually {
                posted += Int64(try await harness.post(10).count)
                let status = try #require(try await harness.office.publisher(id: id))
                delivered.increase(by: Int(status.delivered) - delivered.value)
                return status.dead == 1
            }
            try await harness.settled(id, delivered: posted - 1)
            let status = try #require(try await harness.office.publisher(id: id))
            #expect(status.parked == 0)
            #expect(status.pending == 0)
            // The first attempt is nobody's fault: three more are the message's.
            #expect(target.messages(of: id).count { $0 == 5 } == 4)
        }
    }

    @Test("An outage kills no message, however long it lasts")
    func longOutage() async throws {
        let attempts = Counter()
        let target = ScriptedTarget { _ in
            attempts.increase()
            return attempts.value <= 500 ? .failed : .delivered
        }
        try await OfficeHarness.run(target: target, world: .hurried, store: InMemoryStore()) { harness in
            let id = try await harness.publishers(1, retryAtOnce)[0]
            _ = try await harness.post(50)
            try await harness.settled(id, delivered: 50)
            let status = try #require(try await harness.office.publisher(id: id))
            #expect(status.dead == 0)
            #expect(status.parked == 0)
        }
    }

    @Test("A receiver that has forgotten the password has one state and a hundred parked rows, not all of the backlog")
    func forgottenPassword() async throws {
        let target = ScriptedTarget { _ in .refused }
        try await OfficeHarness.run(target: target) { harness in
            let id = try await harness.publishers(1)[0]
            _ = try await harness.post(300)
            try await eventually {
                let status = try #require(try await harness.office.publisher(id: id))
                return status.state == "circuit_open" && status.inFlight == 0
            }
            let status = try #require(try await harness.office.publisher(id: id))
            #expect(status.parked == 100)
            #expect(status.pending == 200)
            #expect(status.dead == 0)
            #expect(status.waiting?.reason == "circuit_open")
        }
    }

    @Test("Each probe takes another waiting message, in turn")
    func probesInTurn() async throws {
        let attempts = Counter()
        let target = ScriptedTarget { _ in
            attempts.increase()
            return attempts.value <= 200 ? .failed : .delivered
        }
        try await OfficeHarness.run(target: target, maxDemand: 5, world: .hurried, store: InMemoryStore()) { harness in
            let id = try await harness.publishers(1, retryAtOnce)[0]
            _ = try await harness.post(30)
            try await harness.settled(id, delivered: 30)
            // When it opened the window was full. From then on no message is tried again before all others were.
            let probes = target.messages(of: id).prefix(200).suffix(150)
            let counts = Dictionary(grouping: probes, by: { $0 }).values.map(\.count)
            #expect(counts.count >= 10)
            #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
        }
    }

    @Test("Messages that failed by the target's fault are due when it is well again")
    func released() async throws {
        let attempts = Counter()
        let target = ScriptedTarget { _ in
            attempts.increase()
            return attempts.value <= 12 ? .failed : .delivered
        }
        try await OfficeHarness.run(target: target, world: .hurried) { harness in
            let id = try await harness.publishers(1) { settings in
                settings.secondsRetry = 86_400
                settings.secondsRetryMax = 604_800
            }[0]
            _ = try await harness.post(30)
            try await harness.settled(id, delivered: 30)
        }
    }

    @Test("A 410 pauses the publisher with its reason, and its message waits until a hand resumes it")
    func gone() async throws {
        let attempts = Counter()
        let target = ScriptedTarget(outcome: { _ in
            attempts.increase()
            return attempts.value == 1
                ? Outcome(result: .refused, status: 410, error: "gone", duration: .zero)
                : Outcome(result: .delivered, status: 200, duration: .zero)
        })
        try await OfficeHarness.run(target: target, maxDemand: 1) { harness in
            let id = try await harness.publishers(1)[0]
            _ = try await harness.post(3)
            try await eventually { try await harness.office.publisher(id: id)?.publisher.settings.active == false }
            var status = try #require(try await harness.office.publisher(id: id))
            #expect(status.state == "paused")
            #expect(status.pending == 3)
            #expect(status.parked == 0)
            #expect(status.waiting?.reason == "paused")
            #expect(status.waiting?.detail?.contains("410") == true)
            #expect(target.arrivals.count == 1)
            status = try #require(try await harness.office.setActive(publisher: id, true))
            #expect(status.publisher.pausedBecause == nil)
            try await harness.settled(id, delivered: 3)
        }
    }
}
