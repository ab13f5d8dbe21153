import TestSupport
import Testing

@testable import Pipeline

@Suite(.timeLimit(.minutes(2))) struct BulkTests {
    @Test("W31 every message of a bulk goes to every publisher, in order, with the attributes of the bulk")
    func fanOut() async throws {
        try await OfficeHarness.run { harness in
            let publishers = try await harness.publishers(2) { $0.maxDemand = 1 }
            let ids = try await harness.office.accept(
                topic: "orders",
                payloads: (0..<100).map { Array("{\"n\":\($0)}".utf8) },
                attributes: Array(#"{"k":"v"}"#.utf8)
            )
            #expect(ids == ids.sorted() && ids.count == 100)
            for publisher in publishers {
                try await harness.settled(publisher, delivered: 100)
                #expect(harness.target.messages(of: publisher) == ids)
            }
            for (number, id) in [(0, ids[0]), (99, ids[99])] {
                let message = try #require(try await harness.office.message(id: id)).message
                #expect(message.payload == Array("{\"n\":\(number)}".utf8))
                #expect(message.attributes == Array(#"{"k":"v"}"#.utf8))
            }
        }
    }

    @Test("O26 and O27 a bulk of two is two deliveries to one publisher, and four to two; a deleted one gets nothing")
    func deliveries() async throws {
        try await OfficeHarness.run { harness in
            let publishers = try await harness.publishers(3)
            let payloads = ["1", "2"].map { Array($0.utf8) }
            #expect(try await harness.office.deletePublisher(id: publishers[1]))
            _ = try await harness.office.accept(topic: "orders", payloads: payloads, attributes: [])
            try await harness.settled(publishers[0], delivered: 2)
            try await harness.settled(publishers[2], delivered: 2)
            #expect(publishers.map { harness.target.messages(of: $0).count } == [2, 0, 2])
        }
    }

    @Test("W7 of a bulk all is stored or nothing")
    func atomic() async throws {
        let store = InMemoryStore()
        store.poison()
        try await OfficeHarness.run(store: store) { harness in
            _ = try await harness.publishers(1)
            let payloads = [Array("1".utf8), Poison.payload, Array("3".utf8)]
            await #expect(throws: IntakeError.self) {
                try await harness.office.accept(topic: "orders", payloads: payloads, attributes: [])
            }
            #expect(try await harness.office.topic(named: "orders")?.receivedCount == 0)
            #expect(try await harness.office.accept(topic: "orders", payloads: [], attributes: []) == [])
        }
    }
}
