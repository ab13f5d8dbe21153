@testable import Pipeline
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct PostgresOfficeTests {
    @Test func `after its sessions were ended every tree starts again from its record, and delivers on`() async throws {
        let fixture = try await PostgresFixture()
        let store = try await fixture.openStore(node: "first")
        try await OfficeHarness.run(store: store) { harness in
            let publishers = try await harness.publishers(3)
            _ = try await harness.post(50)
            for publisher in publishers { try await harness.settled(publisher, delivered: 50) }
            let before = try await harness.epochs(publishers)

            try await fixture.endBackends()
            try await eventually { zip(try await harness.epochs(publishers), before).allSatisfy { $0 > $1 } }
            _ = try await harness.post(50)
            for publisher in publishers {
                try await harness.settled(publisher, delivered: 100)
                #expect(try await harness.office.publisher(id: publisher)?.delivered == 100)
            }
        }
    }

    @Test func `while another node may deliver nothing is read or started`() async throws {
        let fixture = try await PostgresFixture()
        let proxy = try HangingProxy(to: fixture.cluster.port)
        defer { proxy.end() }
        let store = try await fixture.openStore(node: "first", timeout: .seconds(3), port: proxy.port)
        try await OfficeHarness.run(store: store) { harness in
            let publisher = try await harness.publishers(1)[0]
            proxy.hang()
            try await eventually { harness.office.interruption.withLock { $0 != nil } }
            let tree = try #require(harness.office.tree(publisher))
            #expect(!tree.state.step { $0.mayDeliver })
            proxy.goOn()
            try await harness.postUntilAccepted()
            try await harness.settled(publisher, delivered: 1)
        }
    }

    @Test func `what another store appends is delivered without waiting for the refresh`() async throws {
        let fixture = try await PostgresFixture()
        let store = try await fixture.openStore(node: "first")
        let other = try await fixture.openStore()
        try await OfficeHarness.run(store: store, refreshInterval: .seconds(3600)) { harness in
            let publisher = try await harness.publishers(1)[0]
            let topic = try #require(try await other.topic(named: "orders"))
            try await EventLog().during(other) {
                for number in 1...5 {
                    _ = try await other.commit(StoreBatch(appends: [Append(topic, "\(number)")]))
                    try await harness.settled(publisher, delivered: Int64(number))
                }
            }
        }
        try await other.close()
    }
}

extension OfficeHarness {
    /// As a client does that is told to come again.
    fileprivate func postUntilAccepted() async throws {
        try await eventually { (try? await post(1)) != nil }
    }

    fileprivate func epochs(_ publishers: [Int64]) async throws -> [Int64] {
        var epochs: [Int64] = []
        for publisher in publishers { epochs.append(try await office.stages(publisher: publisher)?.epoch ?? 0) }
        return epochs
    }
}
