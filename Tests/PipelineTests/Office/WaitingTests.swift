import TestSupport
import Testing

@testable import Pipeline

/// I12: whatever waits has one visible reason, of its publisher and of itself.
@Suite(.timeLimit(.minutes(2))) struct WaitingTests {
    private struct Reasons {
        var publisher: Waiting
        var message: Waiting
    }

    /// Waits until publisher and message say that they wait for this.
    private func reasons(
        _ reason: String,
        _ harness: OfficeHarness,
        _ id: Int64,
        _ message: Int64,
        detail: String = ""
    ) async throws -> Reasons {
        while true {
            let ofPublisher = try await harness.office.publisher(id: id)?.waiting
            let ofMessage = try await waiting(of: message, at: id, harness)
            if let ofPublisher, let ofMessage, ofPublisher.reason == reason, ofMessage.reason == reason,
                ofPublisher.detail?.contains(detail) == true, ofMessage.detail?.contains(detail) == true
            {
                return Reasons(publisher: ofPublisher, message: ofMessage)
            }
            try await ContinuousClock().sleep(for: .milliseconds(2))
        }
    }

    private func waiting(of message: Int64, at publisher: Int64, _ harness: OfficeHarness) async throws -> Waiting? {
        let deliveries = try await harness.office.message(id: message)?.deliveries
        return deliveries?.first { $0.publisher.id == publisher }?.waiting
    }

    private func nothingWaits(_ harness: OfficeHarness, _ id: Int64, delivered: Int64) async throws {
        try await harness.settled(id, delivered: delivered)
        #expect(try await harness.office.publisher(id: id)?.waiting == nil)
    }

    /// A target that answers when the gate is open.
    private func target(behind gate: Gate) -> ScriptedTarget {
        ScriptedTarget { _ in
            await gate.wait()
            return Task.isCancelled ? .returned : .delivered
        }
    }

    @Test("demand: as many as may be are under way")
    func demand() async throws {
        let gate = Gate()
        try await OfficeHarness.run(target: target(behind: gate), maxDemand: 2) { harness in
            let begin = harness.office.resources.world.now()
            let id = try await harness.publishers(1)[0]
            let message = try await harness.post(5)[4]
            let found = try await reasons("demand", harness, id, message, detail: "2 of 2 deliveries are under way")
            #expect(found.publisher == found.message)
            #expect(try #require(found.publisher.since) >= begin)
            #expect(found.publisher.until == nil)
            gate.open()
            try await nothingWaits(harness, id, delivered: 5)
        }
    }

    @Test("demand: a small window, since the target has just come back")
    func ramp() async throws {
        let gate = Gate()
        let attempts = Counter()
        let target = ScriptedTarget { _ in
            attempts.increase()
            if attempts.value <= 3 { return .failed }
            if attempts.value > 4 { await gate.wait() }
            return .delivered
        }
        try await OfficeHarness.run(target: target, maxDemand: 3, circuitThreshold: 3) { harness in
            let id = try await harness.publishers(1) { $0.secondsRetry = 1 }[0]
            let message = try await harness.post(20)[19]
            let found = try await reasons("demand", harness, id, message, detail: "has just come back")
            #expect(found.publisher.since != nil)
            gate.open()
            try await nothingWaits(harness, id, delivered: 20)
        }
    }

    @Test("demand: all connections of the node are in use, by others")
    func connections() async throws {
        let gate = Gate()
        try await OfficeHarness.run(target: target(behind: gate), maxConnections: 2) { harness in
            let others = try await harness.publishers(1, topic: "others")[0]
            let id = try await harness.publishers(1)[0]
            _ = try await harness.post(10, topic: "others")
            try await eventually { try await harness.office.publisher(id: others)?.inFlight == 2 }
            let message = try await harness.post(5)[4]
            let found = try await reasons(
                "demand",
                harness,
                id,
                message,
                detail: "waits for a connection: 2 are in use"
            )
            #expect(found.publisher.since != nil)
            #expect(try await harness.office.publisher(id: id)?.inFlight == 0)
            gate.open()
            try await nothingWaits(harness, id, delivered: 5)
        }
    }

    @Test("parked: a message that failed waits until it is due, and says what it failed of")
    func parked() async throws {
        let well = Gate()
        let target = ScriptedTarget { _ in well.isOpen ? .delivered : .refused }
        try await OfficeHarness.run(target: target) { harness in
            let begin = harness.office.resources.world.now()
            let id = try await harness.publishers(1) { $0.secondsRetry = 3600 }[0]
            let message = try await harness.post(1)[0]
            try await eventually { try await harness.office.publisher(id: id)?.waiting?.reason == "parked" }
            let ofPublisher = try #require(try await harness.office.publisher(id: id)?.waiting)
            let ofMessage = try #require(try await waiting(of: message, at: id, harness))
            #expect(ofMessage.reason == "parked")
            #expect(ofMessage.detail == "as scripted")
            for waiting in [ofPublisher, ofMessage] {
                #expect(try #require(waiting.since) >= begin)
                #expect(try #require(waiting.until) >= begin.advanced(by: .seconds(3600)))
            }
            well.open()
            #expect(try await harness.office.retry(publisher: id, dead: false) == 1)
            try await nothingWaits(harness, id, delivered: 1)
        }
    }

    @Test("circuit_open: what it failed of, since when, and when the next probe goes")
    func circuitOpen() async throws {
        let well = Gate()
        let target = ScriptedTarget { _ in well.isOpen ? .delivered : .failed }
        try await OfficeHarness.run(target: target, maxDemand: 2, circuitThreshold: 2) { harness in
            let id = try await harness.publishers(1) { $0.secondsRetry = 3600 }[0]
            let messages = try await harness.post(5)
            for message in [messages[0], messages[4]] {
                let found = try await reasons("circuit_open", harness, id, message, detail: "as scripted")
                #expect(found.publisher == found.message)
                let since = try #require(found.publisher.since)
                #expect(found.publisher.until == since.advanced(by: .seconds(5)))
            }
            well.open()
            _ = try await harness.office.retry(publisher: id, dead: false)
            try await nothingWaits(harness, id, delivered: 5)
        }
    }

    @Test("paused: by a hand")
    func pausedByHand() async throws {
        try await OfficeHarness.run { harness in
            let begin = harness.office.resources.world.now()
            let id = try await harness.publishers(1)[0]
            _ = try await harness.office.setActive(publisher: id, false)
            let message = try await harness.post(3)[2]
            let found = try await reasons("paused", harness, id, message, detail: "resume it to go on")
            #expect(found.publisher == found.message)
            #expect(try #require(found.publisher.since) >= begin)
            _ = try await harness.office.setActive(publisher: id, true)
            try await nothingWaits(harness, id, delivered: 3)
        }
    }

    @Test("paused: by a 410, which it says")
    func pausedByTarget() async throws {
        let well = Gate()
        let target = ScriptedTarget(outcome: { _ in
            well.isOpen
                ? Outcome(result: .delivered, status: 200, duration: .zero)
                : Outcome(result: .refused, status: 410, error: "gone", duration: .zero)
        })
        try await OfficeHarness.run(target: target) { harness in
            let begin = harness.office.resources.world.now()
            let id = try await harness.publishers(1)[0]
            let message = try await harness.post(3)[2]
            let found = try await reasons("paused", harness, id, message, detail: "status 410")
            #expect(found.publisher == found.message)
            #expect(try #require(found.publisher.since) >= begin)
            well.open()
            _ = try await harness.office.setActive(publisher: id, true)
            try await nothingWaits(harness, id, delivered: 3)
        }
    }

    @Test("strict_order: the head is under way, and is the only one that does not wait for another")
    func strictOrder() async throws {
        let gate = Gate()
        try await OfficeHarness.run(target: target(behind: gate)) { harness in
            let begin = harness.office.resources.world.now()
            // Ids are not counted by topic: the first one of this topic is not the first of all.
            _ = try await harness.office.createTopic(TopicSettings(name: "others", originHost: "test"))
            _ = try await harness.post(3, topic: "others")
            let id = try await harness.publishers(1) { $0.ordering = .strict }[0]
            let messages = try await harness.post(3)
            let found = try await reasons("strict_order", harness, id, messages[2])
            #expect(try #require(found.publisher.since) >= begin)
            #expect(try #require(found.message.since) >= begin)
            #expect(try await waiting(of: messages[0], at: id, harness)?.reason == "demand")
            gate.open()
            try await nothingWaits(harness, id, delivered: 3)
        }
    }

    @Test("strict_order: the head has failed, and the others wait for the time at which it is tried again")
    func strictOrderBehindRow() async throws {
        let well = Gate()
        let target = ScriptedTarget { _ in well.isOpen ? .delivered : .refused }
        try await OfficeHarness.run(target: target) { harness in
            let id = try await harness.publishers(1) { settings in
                settings.ordering = .strict
                settings.secondsRetry = 3600
            }[0]
            let messages = try await harness.post(3)
            try await eventually {
                try await harness.office.publisher(id: id)?.waiting?.until != nil
            }
            let found = try await reasons("strict_order", harness, id, messages[1])
            let head = try #require(try await waiting(of: messages[0], at: id, harness))
            #expect(head.reason == "parked")
            #expect(head.detail == "as scripted")
            #expect(found.publisher.until == head.until)
            #expect(found.message.until == head.until)
            #expect(found.publisher.since != nil)
            #expect(found.message.since != nil)
            well.open()
            _ = try await harness.office.retry(publisher: id, dead: false)
            try await nothingWaits(harness, id, delivered: 3)
        }
    }

    @Test("rate_limited: until the next one may go")
    func rateLimited() async throws {
        try await OfficeHarness.run { harness in
            let begin = harness.office.resources.world.now()
            let id = try await harness.publishers(1) { $0.rateLimit = 1 }[0]
            let message = try await harness.post(10)[9]
            let found = try await reasons("rate_limited", harness, id, message, detail: "no more than 1 a second")
            for waiting in [found.publisher, found.message] {
                let since = try #require(waiting.since)
                #expect(since >= begin)
                #expect(try #require(waiting.until) > since)
            }
            _ = try await harness.office.updatePublisher(id: id) { publisher in
                var settings = publisher.settings
                settings.rateLimit = nil
                return settings
            }
            try await nothingWaits(harness, id, delivered: 10)
        }
    }

    @Test("memory: the bytes that may be held for deliveries are in use")
    func memory() async throws {
        let gate = Gate()
        try await OfficeHarness.run(target: target(behind: gate), maxBufferBytes: 80_000) { harness in
            let id = try await harness.publishers(1)[0]
            let payload = Array("\"\(String(repeating: "x", count: 9000))\"".utf8)
            // One takes more than half of the common half.
            _ = try await harness.office.accept(topic: "orders", payload: payload, attributes: [])
            let message = try await harness.office.accept(topic: "orders", payload: payload, attributes: [])
            let found = try await reasons("memory", harness, id, message, detail: "MAX_BUFFER_BYTES")
            #expect(found.publisher == found.message)
            #expect(found.publisher.since != nil)
            gate.open()
            try await nothingWaits(harness, id, delivered: 2)
        }
    }

    @Test("backing_off: the tree has crashed too often, of what, and when it starts again")
    func backingOff() async throws {
        let gate = Gate()
        try await OfficeHarness.run(target: target(behind: gate)) { harness in
            let id = try await harness.publishers(1)[0]
            let message = try await harness.post(3)[2]
            var found: Reasons?
            while found == nil {
                _ = harness.office.crash(publisher: id, stage: "courier")
                let ofPublisher = try await harness.office.publisher(id: id)?.waiting
                let ofMessage = try await waiting(of: message, at: id, harness)
                if let ofPublisher, let ofMessage, ofPublisher.reason == "backing_off", ofMessage == ofPublisher {
                    found = Reasons(publisher: ofPublisher, message: ofMessage)
                }
                try await ContinuousClock().sleep(for: .milliseconds(2))
            }
            let waiting = try #require(found?.publisher)
            #expect(waiting.detail == "fault injected into courier")
            #expect(try #require(waiting.until) > #require(waiting.since))
            gate.open()
            try await nothingWaits(harness, id, delivered: 3)
        }
    }

    @Test("storage: outcomes cannot be written")
    func storage() async throws {
        let gate = Gate()
        let store = InMemoryStore()
        try await OfficeHarness.run(target: target(behind: gate), store: store) { harness in
            let begin = harness.office.resources.world.now()
            let id = try await harness.publishers(1)[0]
            let message = try await harness.post(3)[2]
            store.faults.standing(.fails(.unavailable(reason: "the disk is full")))
            gate.open()
            let found = try await reasons("storage", harness, id, message, detail: "the disk is full")
            #expect(found.publisher == found.message)
            #expect(try #require(found.publisher.since) >= begin)
            store.faults.standing(.none)
            try await nothingWaits(harness, id, delivered: 3)
        }
    }

    @Test("storage: the connection to it is interrupted, and nothing is sent meanwhile")
    func interrupted() async throws {
        try await OfficeHarness.run { harness in
            let begin = harness.office.resources.world.now()
            let id = try await harness.publishers(1)[0]
            await harness.office.handle(.interrupted(reason: "the server is gone"))
            let message = try await harness.post(3)[2]
            let found = try await reasons("storage", harness, id, message, detail: "the server is gone")
            #expect(found.publisher == found.message)
            #expect(try #require(found.publisher.since) >= begin)
            #expect(harness.target.arrivals.isEmpty)
            await harness.office.handle(.resumed)
            try await nothingWaits(harness, id, delivered: 3)
        }
    }
}
