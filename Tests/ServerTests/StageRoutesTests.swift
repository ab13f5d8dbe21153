import Foundation
import Testing

@testable import Pipeline
@testable import Server

@Suite("Stages, health and readiness over HTTP")
struct StageRoutesTests {
    private static let tree: TreeStatus = {
        let publisher = Publisher(
            id: 1,
            topicID: 1,
            topic: "orders",
            settings: PublisherSettings(target: "http://a/?token=secret"),
            insertedAt: InMemoryOffice.time
        )
        func stage(_ name: String, _ kind: String, _ inFlight: Int?) -> StageStatus {
            StageStatus(
                name: name,
                kind: kind,
                state: "running",
                demand: 12,
                buffered: 0,
                inFlight: inFlight,
                eventsIn: 0,
                eventsOut: 9000,
                eventsPerSecond: 812.4567,
                restarts: 0,
                executor: "publisher-1"
            )
        }
        return TreeStatus(
            publisher: InMemoryOffice.status(of: publisher),
            owner: "a1",
            epoch: 3,
            strategy: "rest_for_one",
            restarts: 1,
            lastCrash: TreeStatus.Crash(at: InMemoryOffice.time, stage: "courier", error: "crashed"),
            circuit: TreeStatus.Circuit(state: "closed", failures: 0, openedAt: nil, nextProbeAt: nil),
            stages: [stage("pending_messages", "producer", nil), stage("courier", "consumer", 100)]
        )
    }()

    @Test("The tree of the node is shown, and that of one publisher")
    func trees() async throws {
        let office = InMemoryOffice()
        office.with { $0.trees = [Self.tree] }
        try await TestServer(office).run { client async throws in
            let at = #""2026-03-01T00:00:00.250Z""#
            let rest =
                #""events_in":0,"events_out":9000,"events_per_second":812.5,"restarts":0,"executor":"publisher-1"}"#
            let shown =
                #"{"publisher_id":1,"topic":"orders","target":"http://a/?…","type":"http","state":"idle","owner":"a1","#
                + #""epoch":3,"strategy":"rest_for_one","restarts":1,"#
                + #""last_crash":{"at":\#(at),"stage":"courier","error":"crashed"},"#
                + #""circuit":{"state":"closed","failures":0,"opened_at":null,"next_probe_at":null},"#
                + #""max_demand":100,"min_demand":50,"pending":1,"in_flight":2,"parked":3,"dead":4,"waiting":null,"#
                + #""stages":[{"name":"pending_messages","kind":"producer","state":"running","demand":12,"buffered":0,\#(rest),"#
                + #"{"name":"courier","kind":"consumer","state":"running","demand":12,"buffered":0,"in_flight":100,\#(rest)]}"#
            let node = try await client.send("GET", "/api/stages")
            #expect(
                node.body == #"{"data":{"node":"a1","started_at":\#(at),"strategy":"one_for_one","restarts":0,"#
                    + #""history":null,"publishers":[\#(shown)]}}"#
            )
            #expect(try await client.send("GET", "/api/stages/1").body == #"{"data":\#(shown)}"#)
            #expect(try await client.send("GET", "/api/stages/2").status == 404)
        }
    }

    @Test("A stage can be made to crash only where that is allowed")
    func crash() async throws {
        let office = InMemoryOffice()
        var server = TestServer(office)
        #expect(try await server.run { try await $0.send("POST", "/api/stages/1/courier/crash").status } == 404)
        #expect(office.with { $0.crashes.isEmpty })
        server.faultInjection = true
        try await server.run { client async throws in
            #expect(try await client.send("POST", "/api/stages/1/courier/crash").status == 202)
            #expect(try await client.send("POST", "/api/stages/1/courier/crash/", "{}").status == 202)
            #expect(try await client.send("POST", "/api/stages/1/nothing/crash").status == 404)
            #expect(try await client.send("POST", "/api/stages/2/courier/crash").status == 404)
            #expect(try await client.send("GET", "/api/stages/1/courier/crash").status == 405)
        }
        #expect(office.with { $0.crashes } == ["courier", "courier"])
    }

    @Test("Health says that the process serves, whatever else is wrong")
    func health() async throws {
        let office = InMemoryOffice()
        office.with { $0.problems = ["storage": "gone"] }
        let reply = try await TestServer(office).run { try await $0.send("GET", "/api/health") }
        #expect(reply.status == 200)
        #expect(reply.body == #"{"status":"ok"}"#)
    }

    @Test("W37 Readiness names each check, and is 503 when one fails")
    func readiness() async throws {
        let office = InMemoryOffice()
        try await TestServer(office).run { client async throws in
            let ready = try await client.send("GET", "/api/ready")
            #expect(ready.status == 200)
            #expect(ready.body == #"{"status":"ok","checks":{"storage":"ok","publishers":"ok"}}"#)
            office.with { $0.problems = ["storage": "the disk is full"] }
            let unready = try await client.send("GET", "/api/ready")
            #expect(unready.status == 503)
            #expect(unready.headers["retry-after"] != nil)
            #expect(
                unready.body
                    == #"{"status":"unavailable","checks":{"storage":"the disk is full","publishers":"ok"}}"#
            )
        }
    }
}
