import Logging
import TestSupport
import Testing

@testable import Pipeline

@Suite(.timeLimit(.minutes(2))) struct NodeLifeTests {
    @Test("The topic of notices exists from the start: whoever asks sooner waits for it")
    func noticesTopic() async throws {
        try await OfficeHarness.run { harness in
            let topic = try await harness.office.topic(named: Notice.topic)
            #expect(topic?.id == 1)
            await #expect(throws: StoreError.builtIn) { _ = try await harness.office.deleteTopic(id: 1) }
        }
    }

    @Test("A node that is drained while its publishers are being started ends without an error")
    func drainWhileStarting() async throws {
        let base = InMemoryStore()
        try await OfficeHarness.run(store: base) { harness in _ = try await harness.publishers(2) }
        base.open()
        let gate = Gate()
        let reached = Gate()
        let store = WatchedStore(
            base,
            before: { call in
                guard call == .publishers else { return }
                reached.open()
                await gate.wait()
            }
        )
        try await OfficeHarness.run(store: store) { harness in
            await reached.wait()
            await harness.office.drain(within: .seconds(1))
            gate.open()
        }
    }

    @Test("A run that is cancelled commits the outcomes of what was under way")
    func cancellation() async throws {
        let store = InMemoryStore()
        let target = ScriptedTarget { _ in
            await Gate().wait()
            return .delivered
        }
        let office = PostOffice(
            store: store,
            target: target,
            settings: PostOffice.Settings(nodeName: "test"),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let topic = try await store.createTopic(
            TopicSettings(name: "orders", originHost: "test"),
            at: Timestamp(milliseconds: 0)
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await office.run() }
            let settings = PublisherSettings(target: "http://127.0.0.1:9")
            let id = try await office.createPublisher(topicID: topic.id, settings).publisher.id
            _ = try await office.accept(topic: "orders", payload: Array("1".utf8), attributes: [])
            await target.started(1)
            group.cancelAll()
            try await group.waitForAll()
            #expect(try await store.progress(of: [id])[id]?.progress.delivered == 1)
        }
    }
}
