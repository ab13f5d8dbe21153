@testable import Pipeline
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(3))) struct PostgresFaultTests {
    enum Fault: CaseIterable, Sendable {
        /// Every backend of ours is ended, again and again.
        case backendsEnd
        /// The server is killed and started again.
        case serverCrashes
        /// It is stopped in an orderly way and started again.
        case serverStops
        /// The network takes what is sent and delivers nothing for longer than the timeout.
        case networkHangs
    }

    @Test(arguments: Fault.allCases)
    func `of what was acknowledged nothing is lost, and nothing is stored twice, when connections break`(
        _ fault: Fault
    ) async throws {
        let cluster = try await PostgresCluster()
        let fixture = try await PostgresFixture(on: cluster)
        let proxy = try HangingProxy(to: cluster.port)
        defer { proxy.end() }
        let store = try await fixture.openStore(timeout: .seconds(3), port: proxy.port)
        let topics = [try await store.topic("a"), try await store.topic("b")]
        let publisher = try await store.publisher(topics[0], "x")
        _ = try await store.heads()
        let log = AppendLog()
        let isOver = Counter()
        let committer = Committer(alone: store)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await committer.run() }
            for caller in 0..<8 {
                group.addTask {
                    var number = 0
                    while isOver.value == 0 {
                        number += 1
                        await log.append("\(caller)-\(number)", to: topics[caller % 2], by: committer)
                    }
                }
            }
            group.addTask {
                var number: Int64 = 0
                while isOver.value == 0 {
                    number += 1
                    try await committer.settle(
                        Settlement(
                            publisher: publisher.id,
                            progress: Progress(high: number, leftCount: number),
                            attempts: [.some(number)]
                        )
                    )
                }
                log.settled(number)
            }
            try await log.reaches(acknowledged: 200)
            try await Self.bring(fault, on: fixture, proxy, log)
            // It goes on by itself.
            try await log.reaches(acknowledged: log.acknowledged + 200)
            isOver.increase()
            // The callers, and whoever settles; then the committer has nothing more to wait for.
            for _ in 0..<9 { try await group.next() }
            committer.close()
            try await group.waitForAll()
        }
        try await log.judge(store, topics)
        let progress = try #require(try await store.progress(of: [publisher.id])[publisher.id])
        #expect(progress.progress.leftCount == log.settlements)
        let attempts = try await fixture.execute("SELECT count(*) FROM postoffice.attempts")
        #expect(attempts.split(separator: "\n").first == "\(log.settlements)", "attempts do not double")
        try await store.close()
    }

    private static func bring(
        _ fault: Fault,
        on fixture: PostgresFixture,
        _ proxy: HangingProxy,
        _ log: AppendLog
    ) async throws {
        switch fault {
        case .backendsEnd:
            for _ in 0..<10 {
                try await fixture.endBackends()
                try await log.reaches(acknowledged: log.acknowledged + 20)
            }
        case .serverCrashes:
            try await fixture.cluster.stop(.immediate)
            try await fixture.cluster.start()
        case .serverStops:
            try await fixture.cluster.stop(.fast)
            try await fixture.cluster.start()
        case .networkHangs:
            proxy.hang()
            // Noticed: somebody has been told that it is not available.
            try await log.reaches(refused: log.refused + 1)
            proxy.goOn()
        }
    }
}

extension PostgresFixture {
    /// `pg_terminate_backend` on everybody who uses the database.
    func endBackends() async throws {
        try await cluster.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(database)'",
            in: "postgres"
        )
    }
}
