import Synchronization
import TestSupport
import Testing

@testable import Pipeline

@Suite(.timeLimit(.minutes(3))) struct PostgresScheduleTests {
    @Test("Two nodes that release at once release each message once, and in order")
    func twoNodes() async throws {
        let fixture = try await PostgresFixture()
        let stores = try await fixture.openStores(2, connections: 3)
        let topics = [try await stores[0].topic("a"), try await stores[0].topic("b")]
        let count = 300
        for number in 0..<count {
            _ = try await stores[number % 2].commit(StoreBatch(appends: topics.map { .scheduled("\(number)", $0) }))
        }
        let released = try await withThrowingTaskGroup(of: [Int64].self) { group in
            for worker in 0..<8 {
                group.addTask {
                    let topic = topics[worker / 4]
                    var own: [Int64] = []
                    while true {
                        let release = try await stores[worker % 2].release(
                            topicID: topic.id,
                            dueBy: StoreUnderTest.now,
                            limit: ReleaseLimit(messages: 7, bytes: 1000)
                        )
                        if release.members.isEmpty { return own }
                        own += release.members.map(\.id)
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(released.count == 2 * count)
        #expect(Set(released).count == 2 * count)
        for topic in topics {
            #expect(try await stores[1].payloads(of: topic) == (0..<count).map { "\($0)" })
        }
        try await stores.close()
    }

    @Test("Of what was acknowledged nothing is lost, and nothing is released twice, when connections break")
    func brokenConnections() async throws {
        let fixture = try await PostgresFixture()
        let store = try await fixture.openStore(timeout: .seconds(3))
        let topic = try await store.topic("a")
        _ = try await store.heads()
        let acknowledged = Names()
        let isOver = Counter()
        let committer = Committer(alone: store)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await committer.run() }
            for caller in 0..<4 {
                group.addTask {
                    var number = 0
                    while isOver.value == 0 {
                        number += 1
                        let name = "\(caller)-\(number)"
                        guard (try? await committer.append(.scheduled(name, topic))) != nil else { continue }
                        acknowledged.add(name)
                    }
                }
            }
            group.addTask {
                while isOver.value == 0 { _ = try? await store.release(topic) }
            }
            for round in 1...10 {
                try await eventually { acknowledged.all.count > round * 20 }
                try await fixture.endBackends()
            }
            isOver.increase()
            for _ in 0..<5 { try await group.next() }
            committer.close()
            try await group.waitForAll()
        }
        while try await !store.release(topic).members.isEmpty {}
        let payloads = try await store.payloads(of: topic)
        #expect(Set(payloads).count == payloads.count, "released twice")
        #expect(Set(payloads).isSuperset(of: acknowledged.all), "lost")
        #expect(try await store.agenda() == [])
        try await store.close()
    }

    @Test("A release waits for a deletion that is not committed, and then leaves it out")
    func deletion() async throws {
        let fixture = try await PostgresFixture()
        let store = try await fixture.openStore()
        let topic = try await store.topic("a")
        let receipt = try await store.commit(
            StoreBatch(appends: [.scheduled("1", topic), .scheduled("2", topic)])
        )
        let ids = receipt.appends.flatMap(\.scheduledIDs)
        let rival = try await PostgresConnection.open(try PostgresOptions(url: fixture.url, timeout: .seconds(5)))
        try await rival.run([
            PostgresStatement.begin(),
            PostgresStatement("delete one", "DELETE FROM scheduled WHERE id = $1::int8")(.int(ids[0])),
        ])
        async let release = store.release(topic)
        try await fixture.someoneWaits()
        try await rival.run([PostgresStatement.commit()])
        #expect(try await release.members.map(\.id) == [ids[1]])
        #expect(try await store.payloads(of: topic) == ["2"])
        await rival.close()
        try await store.close()
    }
}

private final class Names: Sendable {
    private let names = Mutex<[String]>([])
    var all: [String] { names.withLock(\.self) }
    func add(_ name: String) { names.withLock { $0.append(name) } }
}

extension Append {
    fileprivate static func scheduled(_ text: String, _ topic: Topic) -> Append {
        Append(topicID: topic.id, messages: Append(topic, text).messages, dueAt: StoreUnderTest.now)
    }
}

extension PostgresStore {
    fileprivate func release(_ topic: Topic) async throws -> StoreRelease {
        try await release(topicID: topic.id, dueBy: StoreUnderTest.now, limit: .generous)
    }

    fileprivate func payloads(of topic: Topic) async throws -> [String] {
        let entries = try await entries(topicID: topic.id, after: 0, limit: 1_000_000)
        return try await messages(ids: entries.map(\.id)).map { String(decoding: $0.payload, as: UTF8.self) }
    }
}
