import Foundation
import TestSupport
import Testing

@testable import Pipeline

@Suite("Notices of trees that are held back", .timeLimit(.minutes(2))) struct HeldBackNoticeTests {
    /// Crashes a tree until it is held back.
    private func crash(_ id: Int64, _ harness: OfficeHarness) async throws {
        try await eventually {
            _ = harness.office.crash(publisher: id, stage: "courier")
            return try await harness.office.publisher(id: id)?.state == "backing_off"
        }
    }

    private func subscribe(_ harness: OfficeHarness) async throws -> Int64 {
        let topic = try #require(try await harness.office.topic(named: Notice.topic))
        let settings = PublisherSettings(target: "http://127.0.0.1:9/notices")
        return try await harness.office.createPublisher(topicID: topic.id, settings).publisher.id
    }

    private func notices(to id: Int64, _ harness: OfficeHarness) -> [String] {
        harness.target.arrivals.filter { $0.publisher == id }.map { String(decoding: $0.body, as: UTF8.self) }
    }

    @Test("say which publisher and why, once an hour, also when the storage does not take them at first")
    func told() async throws {
        let store = InMemoryStore()
        try await OfficeHarness.run(store: store, refreshInterval: .milliseconds(20)) { harness in
            let reader = try await subscribe(harness)
            let id = try await harness.publishers(1)[0]
            store.faults.next(.fails(.unavailable(reason: "as told")), .fails(.unavailable(reason: "as told")))
            try await crash(id, harness)
            try await eventually { !notices(to: reader, harness).isEmpty }
            let notice = try #require(notices(to: reader, harness).first)
            #expect(notice.contains(#""kind":"publisher_backing_off""#))
            #expect(notice.contains(#""publisher_id":\#(id)"#))
            #expect(notice.contains("fault injected into courier"))
            #expect(notice.contains("held back for 1 s"))

            try await eventually { try await harness.office.publisher(id: id)?.state == "idle" }
            try await crash(id, harness)
            #expect(harness.office.resources.notices.counts[.publisherBackingOff] == 2)
            _ = try await harness.post(1)
            try await harness.settled(id, delivered: 1)
            #expect(notices(to: reader, harness).count == 1)
        }
    }

    @Test("are only logged when they are about a receiver of notices")
    func aboutItself() async throws {
        try await OfficeHarness.run { harness in
            let id = try await harness.publishers(1)[0]
            let reader = try await subscribe(harness)
            try await crash(reader, harness)
            try await eventually { harness.office.resources.notices.counts[.publisherBackingOff] == 1 }
            // One about itself would come before the one about another.
            try await crash(id, harness)
            try await eventually { !notices(to: reader, harness).isEmpty }
            #expect(notices(to: reader, harness).allSatisfy { $0.contains(#""publisher_id":\#(id)"#) })
            let topic = try #require(harness.office.resources.notices.topicID)
            #expect(harness.office.resources.tails.received(topicID: topic) == 1)
        }
    }

    @Test("are not made while the storage is interrupted: that is the reason, and the log says so")
    func interrupted() async throws {
        let store = InMemoryStore()
        try await OfficeHarness.run(store: store) { harness in
            let id = try await harness.publishers(1)[0]
            await harness.office.handle(.interrupted(reason: "as told"))
            try await crash(id, harness)
            #expect(harness.office.resources.notices.counts[.publisherBackingOff] == nil)
            await harness.office.handle(.resumed)
            _ = try await harness.post(1)
            try await harness.settled(id, delivered: 1)
        }
    }
}
