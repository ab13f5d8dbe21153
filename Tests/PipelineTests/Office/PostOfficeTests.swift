import Pipeline
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct PostOfficeTests {
    @Test("O65 Every publisher of a topic gets every message, in the topic's order when it takes one at a time")
    func fanOut() async throws {
        try await OfficeHarness.run { harness in
            let ids = try await harness.publishers(3) { $0.maxDemand = 1 }
            let messages = try await harness.post(200)
            for id in ids {
                try await harness.settled(id, delivered: 200)
                #expect(harness.target.messages(of: id) == messages)
                let status = try #require(try await harness.office.publisher(id: id))
                #expect(status.pending == 0)
                #expect(status.state == "idle")
            }
        }
    }

    @Test("I4 O63 No more than max_demand messages of a publisher are under way, also after it was changed")
    func window() async throws {
        let gate = Gate()
        let target = ScriptedTarget { _ in
            await gate.wait()
            return .delivered
        }
        try await OfficeHarness.run(target: target, maxDemand: 7) { harness in
            let id = try await harness.publishers(1)[0]
            _ = try await harness.post(100)
            await target.started(7)
            #expect(target.most(of: id) == 7)
            var settings = try #require(try await harness.office.publisher(id: id)).publisher.settings
            settings.maxDemand = 20
            _ = try await harness.office.updatePublisher(id: id, { [settings] _ in settings })
            await target.started(20)
            #expect(target.most(of: id) == 20)
            #expect(try await harness.office.publisher(id: id)?.inFlight == 20)
            gate.open()
            try await harness.settled(id, delivered: 100)
            #expect(target.most(of: id) <= 20)
            #expect(target.messages(of: id).count == 100)
        }
    }

    @Test("A paused publisher's messages wait; what was under way ends; nothing is sent twice")
    func pause() async throws {
        let gate = Gate()
        let target = ScriptedTarget { _ in
            await gate.wait()
            return .delivered
        }
        try await OfficeHarness.run(target: target, maxDemand: 5) { harness in
            let id = try await harness.publishers(1)[0]
            let messages = try await harness.post(50)
            await target.started(5)
            var settings = try #require(try await harness.office.publisher(id: id)).publisher.settings
            settings.active = false
            let paused = try await harness.office.updatePublisher(id: id, { [settings] _ in settings })
            #expect(paused?.state == "paused")
            gate.open()
            try await harness.settled(id, delivered: 5)
            #expect(target.messages(of: id).count == 5)
            #expect(try await harness.office.publisher(id: id)?.waiting?.reason == "paused")
            settings.active = true
            _ = try await harness.office.updatePublisher(id: id, { [settings] _ in settings })
            try await harness.settled(id, delivered: 50)
            #expect(target.messages(of: id).sorted() == messages)
        }
    }

    @Test(
        "A stage that crashes restarts its own tree only; neighbours go on; nothing is lost",
        arguments: ["pending_messages", "envelopes", "courier"]
    )
    func crash(stage: String) async throws {
        try await OfficeHarness.run { harness in
            let ids = try await harness.publishers(3)
            var messages: [Int64] = []
            for round in 1...3 {
                messages += try await harness.post(100)
                #expect(harness.office.crash(publisher: ids[1], stage: stage))
                messages += try await harness.post(100)
                for id in ids { try await harness.settled(id, delivered: Int64(round) * 200) }
            }
            for id in ids {
                let arrived = harness.target.messages(of: id)
                #expect(Set(arrived) == Set(messages))
                // At most what was under way at each of the three crashes.
                #expect(arrived.count <= messages.count + (id == ids[1] ? 3 * 10 : 0))
                let tree = try #require(try await harness.office.stages(publisher: id))
                #expect(tree.restarts == (id == ids[1] ? 3 : 0))
                if id == ids[1] { #expect(tree.lastCrash?.stage == stage) }
                let status = try #require(try await harness.office.publisher(id: id))
                #expect(status.pending == 0)
                #expect(status.delivered == 600)
            }
        }
    }

    @Test("A publisher whose tree keeps crashing is held in backing_off, and its neighbours notice nothing")
    func backingOff() async throws {
        try await OfficeHarness.run { harness in
            let ids = try await harness.publishers(2)
            try await eventually {
                _ = harness.office.crash(publisher: ids[0], stage: "courier")
                return try await harness.office.publisher(id: ids[0])?.state == "backing_off"
            }
            #expect(try await harness.office.publisher(id: ids[1])?.state == "idle")
            let messages = try await harness.post(50)
            try await harness.settled(ids[1], delivered: 50)
            // It comes back by itself, with everything that waited.
            try await harness.settled(ids[0], delivered: 50)
            #expect(Set(harness.target.messages(of: ids[0])) == Set(messages))
        }
    }

    @Test("A message that fails is parked and retried when due, beside fresh messages that go on")
    func parked() async throws {
        let target = ScriptedTarget { delivery in
            delivery.messages[0] % 10 == 0 && delivery.attempt < 3 ? .failed : .delivered
        }
        // Their second attempts fail in a row: that alone would open the circuit.
        try await OfficeHarness.run(target: target, circuitThreshold: 1000) { harness in
            let id = try await harness.publishers(1) {
                $0.secondsRetry = 1
                $0.secondsRetryMax = 1
            }[0]
            _ = try await harness.post(100)
            try await harness.settled(id, delivered: 90)
            let waiting = try #require(try await harness.office.publisher(id: id))
            #expect(waiting.pending + waiting.parked + waiting.delivered == 100)
            try await harness.settled(id, delivered: 100)
            let status = try #require(try await harness.office.publisher(id: id))
            #expect(status.parked == 0)
            #expect(target.messages(of: id).count == 120)
            let message = try #require(try await harness.office.message(id: 10))
            #expect(message.deliveries[0].state == "delivered")
            #expect(message.deliveries[0].attempts.map(\.number) == [1, 2, 3])
        }
    }

    @Test("After a stop the next start goes on where this one was, and repeats nothing")
    func restart() async throws {
        let folder = try TemporaryFolder()
        let target = ScriptedTarget()
        var messages: [Int64] = []
        var id: Int64 = 0
        try await OfficeHarness.run(target: target, folder: folder) { harness in
            id = try await harness.publishers(1)[0]
            messages += try await harness.post(500)
        }
        try await OfficeHarness.run(target: target, folder: folder) { harness in
            messages += try await harness.post(100)
            try await harness.settled(id, delivered: 600)
            let status = try #require(try await harness.office.publisher(id: id))
            #expect(status.delivered == 600)
            #expect(status.pending == 0)
        }
        #expect(target.messages(of: id).sorted() == messages)
    }

    @Test("A drain lets what is in flight end, and aborts at its limit what does not")
    func drain() async throws {
        let target = ScriptedTarget { delivery in
            guard delivery.publisher.settings.target.hasSuffix("/1") else { return .delivered }
            await Gate().wait()
            return .returned
        }
        let folder = try TemporaryFolder()
        try await OfficeHarness.run(target: target, folder: folder) { harness in
            _ = try await harness.publishers(2)
            _ = try await harness.post(30)
            await target.started(35)
            await harness.office.drain(within: .milliseconds(100))
        }
        let other = ScriptedTarget()
        try await OfficeHarness.run(target: other, folder: folder) { harness in
            try await harness.settled(2, delivered: 30)
            #expect(other.messages(of: 2).count == 30)
            #expect(try await harness.office.message(id: 1)?.deliveries[1].attempts.first?.result == .returned)
        }
    }

    @Test("W14 from_now starts at the head, without it at the beginning of the log")
    func fromNow() async throws {
        try await OfficeHarness.run { harness in
            let first = try await harness.publishers(1)[0]
            let old = try await harness.post(20)
            let topicID = try #require(try await harness.office.topic(named: "orders")).id
            var settings = PublisherSettings(target: "http://127.0.0.1:9/late")
            settings.fromNow = true
            let late = try await harness.office.createPublisher(topicID: topicID, settings).publisher.id
            settings.target = "http://127.0.0.1:9/all"
            settings.fromNow = false
            let all = try await harness.office.createPublisher(topicID: topicID, settings).publisher.id
            let new = try await harness.post(20)
            try await harness.settled(first, delivered: 40)
            try await harness.settled(late, delivered: 20)
            try await harness.settled(all, delivered: 40)
            #expect(harness.target.messages(of: late).sorted() == new)
            #expect(harness.target.messages(of: all).sorted() == old + new)
        }
    }

    @Test("I7 What is read ahead stays within the byte budget, however much waits")
    func memory() async throws {
        let gate = Gate()
        let target = ScriptedTarget { _ in
            await gate.wait()
            return .delivered
        }
        let budget = 4_000_000
        try await OfficeHarness.run(target: target, maxDemand: 50, maxBufferBytes: budget) { harness in
            let ids = try await harness.publishers(5)
            let payload = Array("\"\(String(repeating: "x", count: 100_000))\"".utf8)
            for _ in 0..<40 {
                _ = try await harness.office.accept(topic: "orders", payload: payload, attributes: [])
            }
            await target.started(10)
            #expect(harness.office.bufferedBytes <= budget)
            gate.open()
            for id in ids { try await harness.settled(id, delivered: 40) }
            #expect(harness.office.bufferedBytes <= budget)
        }
    }

    @Test("A deleted publisher gets nothing more, and its target can be used again")
    func deletion() async throws {
        try await OfficeHarness.run { harness in
            let id = try await harness.publishers(1)[0]
            _ = try await harness.post(10)
            try await harness.settled(id, delivered: 10)
            let settings = try #require(try await harness.office.publisher(id: id)).publisher.settings
            #expect(try await harness.office.deletePublisher(id: id))
            #expect(try await harness.office.deletePublisher(id: id))
            #expect(try await harness.office.deletePublisher(id: 999) == false)
            #expect(try await harness.office.publisher(id: id) == nil)
            _ = try await harness.post(10)
            let topicID = try #require(try await harness.office.topic(named: "orders")).id
            let again = try await harness.office.createPublisher(topicID: topicID, settings).publisher.id
            try await harness.settled(again, delivered: 20)
            #expect(harness.target.messages(of: id).count == 10)
        }
    }
}
