@testable import Bench
import Synchronization
import TestSupport
import Testing

@Suite("A PostgreSQL server that goes away under load", .timeLimit(.minutes(4)))
struct DatabaseOutageTests {
    enum Fault: CaseIterable, Sendable {
        case stops
        case crashes
        case endsSessions
        case network
    }

    private struct Refusal: Sendable {
        var answer: HTTPAnswer
        var time: Duration
    }

    @Test(
        "costs 503 meanwhile, and no acknowledged message; everything goes on by itself",
        arguments: Fault.allCases
    )
    func outage(fault: Fault) async throws {
        let maxDemand = 50
        let cluster = try await PostgresCluster()
        let fixture = try await PostgresFixture(on: cluster)
        let proxy = try HangingProxy(to: cluster.port)
        defer { proxy.end() }
        let server = try ServerProcess([
            "DATABASE_URL": cluster.url(fixture.database, port: proxy.port), "DB_TIMEOUT": "1",
            "MAX_DEMAND": String(maxDemand),
        ])
        try await server.start()
        let receiver = try Receiver()
        let chronicle = Chronicle(server)
        try await chronicle.createTopic("outages")
        try await chronicle.subscribe(receiver, to: "outages")
        let isOver = Watched(false)
        let refusals = Watched<[Refusal]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Each waits a little after its answer: together about a thousand a second.
            for client in 0..<10 {
                group.addTask {
                    let connection = HTTPClient()
                    var number = 0
                    while !isOver.value {
                        number += 1
                        let payload = #"{"number":\#(number),"client":\#(client)}"#
                        let begin = ContinuousClock.now
                        let answer = try await chronicle.post("outages", payload, by: connection)
                        let refusal = Refusal(answer: answer, time: begin.duration(to: .now))
                        if answer.status != 201 { refusals.change { $0.append(refusal) } }
                        try await ContinuousClock().sleep(for: .milliseconds(10))
                    }
                }
            }
            try await chronicle.accepted(500)
            try await bring(fault, fixture, proxy, chronicle, refusals)
            let end = ContinuousClock.now
            chronicle.interrupted()
            let accepted = chronicle.acceptedIDs
            try await chronicle.accepted(accepted.count + 1)
            let intake = end.duration(to: .now)
            // What was accepted after the outage arrives: deliveries go on.
            let first = Set(chronicle.acceptedIDs).subtracting(accepted)
            try await chronicle.delivered(Array(first))
            let deliveries = end.duration(to: .now)
            try await chronicle.accepted(accepted.count + 500)
            try await chronicle.delivered(chronicle.acceptedIDs)
            print(
                "After \(fault) of the database: accepts again after \(intake), delivers again after \(deliveries), "
                    + "has caught up after \(end.duration(to: .now))"
            )
            isOver.change { $0 = true }
            try await group.waitForAll()
        }
        for refusal in refusals.value {
            #expect(refusal.answer.status == 503)
            #expect(refusal.answer.header("retry-after").flatMap(Int.init) != nil)
        }
        let longest = refusals.value.map(\.time).max() ?? .zero
        print("\(fault): \(refusals.value.count) refused, after \(longest) at most")
        try await chronicle.judge()
    }

    private func bring(
        _ fault: Fault,
        _ fixture: PostgresFixture,
        _ proxy: HangingProxy,
        _ chronicle: Chronicle,
        _ refusals: Watched<[Refusal]>
    ) async throws {
        switch fault {
        case .stops, .crashes:
            try await fixture.cluster.stop(fault == .stops ? .fast : .immediate)
            try await refusals.wait { !$0.isEmpty }
            try await fixture.cluster.start()
        case .endsSessions:
            for _ in 0..<5 {
                let accepted = chronicle.acceptedIDs.count
                try await fixture.cluster.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(fixture.database)'",
                    in: "postgres"
                )
                chronicle.interrupted()
                try await chronicle.accepted(accepted + 100)
            }
        case .network:
            proxy.hang()
            try await refusals.wait { !$0.isEmpty }
            proxy.goOn()
        }
    }
}
