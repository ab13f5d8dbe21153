import Stages
import TestSupport
import Testing

@testable import Pipeline

@Suite(.timeLimit(.minutes(2))) struct PublisherLifeTests {
    @Test("A publisher that several people restart at once is restarted, and none of them hears of an error")
    func restarts() async throws {
        try await OfficeHarness.run { harness in
            let id = try await harness.publishers(1)[0]
            for _ in 1...20 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 {
                        group.addTask {
                            let isKnown = try await harness.office.restartPublisher(id: id)
                            #expect(isKnown)
                        }
                    }
                    try await group.waitForAll()
                }
            }
            _ = try await harness.post(20)
            try await harness.settled(id, delivered: 20)
        }
    }

    @Test("A publisher that is deleted while others restart it is gone")
    func restartsBesideDeletion() async throws {
        try await OfficeHarness.run { harness in
            for id in try await harness.publishers(30) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<3 {
                        group.addTask { _ = try await harness.office.restartPublisher(id: id) }
                    }
                    group.addTask {
                        let wasKnown = try await harness.office.deletePublisher(id: id)
                        #expect(wasKnown)
                    }
                    try await group.waitForAll()
                }
                #expect(try await harness.office.publisher(id: id) == nil)
            }
            #expect(harness.office.root.snapshot().children.isEmpty)
        }
    }

    @Test("Nothing is kept in memory for a publisher that was deleted while it started")
    func deletedWhileStarting() async throws {
        let gate = Gate()
        let reached = Gate()
        let store = WatchedStore(after: { call in
            guard call == .claim else { return }
            reached.open()
            await gate.wait()
        })
        try await OfficeHarness.run(store: store) { harness in
            let topic = try await harness.office.createTopic(TopicSettings(name: "orders", originHost: "test"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let settings = PublisherSettings(target: "http://127.0.0.1:9")
                    _ = try await harness.office.createPublisher(topicID: topic.id, settings)
                }
                await reached.wait()
                group.addTask { _ = try await harness.office.deletePublisher(id: 1) }
                try await eventually { try await harness.office.publisher(id: 1) == nil }
                gate.open()
                try await group.waitForAll()
            }
            _ = try await harness.post(1)
            #expect(harness.office.bufferedBytes == 0)
        }
    }

    @Test("A publisher that was deleted before its tree was there gets none")
    func deletedBeforeStart() async throws {
        let gate = Gate()
        let reached = Gate()
        let store = WatchedStore(after: { call in
            guard call == .createPublisher else { return }
            reached.open()
            await gate.wait()
        })
        try await OfficeHarness.run(store: store) { harness in
            let topic = try await harness.office.createTopic(TopicSettings(name: "orders", originHost: "test"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let settings = PublisherSettings(target: "http://127.0.0.1:9")
                    _ = try await harness.office.createPublisher(topicID: topic.id, settings)
                }
                await reached.wait()
                #expect(try await harness.office.deletePublisher(id: 1))
                gate.open()
                try await group.waitForAll()
            }
            #expect(try await harness.office.publisher(id: 1) == nil)
            #expect(harness.office.root.snapshot().children.isEmpty)
        }
    }
}
