import Foundation
import Logging
import NIOCore
import Pipeline
import Synchronization
import TestSupport
import Testing

@testable import Server

/// What was wrong with the original is not so here, by the numbers of Docs/Migrating.md. Further ones are shown by the
/// tests of the parts that they are about.
@Suite("The original's weaknesses", .timeLimit(.minutes(2)))
struct OriginalWeaknessTests {
    @Test("W15 A target that is corrected counts for the messages that are failing already, and so does a timeout")
    func corrected() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let publisher = try await server.publisher("/wrong", #""seconds_retry":3600"#)
            server.mailbox.answer("/wrong", 404)
            let message = try await server.message()
            try await server.becomes("parked", message, by: publisher)
            let right = server.mailbox.url("/right")
            let changed = try await server.patch(
                "/api/publishers/\(publisher)",
                #"{"target":"\#(right)","seconds_timeout":60}"#
            )
            #expect(changed.status == 200)
            #expect(try await server.post("/api/publishers/\(publisher)/retry").status == 200)
            try await server.becomes("delivered", message, by: publisher)
            #expect(server.mailbox.letters.map(\.path) == ["/wrong", "/right"])
        }
    }

    @Test("W16 How often a message is tried is said by each publisher for itself")
    func attempts() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let once = try await server.publisher("/once", #""max_attempts":1"#)
            let often = try await server.publisher("/often", #""max_attempts":2"#)
            for path in ["/once", "/often"] { server.mailbox.answer(path, 404) }
            let message = try await server.message()
            try await server.becomes("dead", message, by: once)
            try await server.becomes("parked", message, by: often)
            #expect(try await server.post("/api/publishers/\(often)/retry").status == 200)
            try await server.becomes("dead", message, by: often)
            #expect(server.mailbox.letters(to: "/once").count == 1)
            #expect(server.mailbox.letters(to: "/often").count == 2)
        }
    }

    @Test("W21 A message is stored once, however many publishers it goes to and however often it fails")
    func storedOnce() async throws {
        let folder = try TemporaryFolder()
        try await WholeServer.run(folder: folder) { server in
            try await server.topic()
            var publishers: [Int] = []
            for index in 1...20 {
                publishers.append(try await server.publisher("/\(index)"))
                server.mailbox.answer("/\(index)", 404)
            }
            let message = try await server.message("\"\(String(repeating: "x", count: 500_000))\"")
            for id in publishers { try await server.becomes("parked", message, by: id) }
        }
        // It has been closed: everything is in the one file, but for what a checkpoint has left.
        let bytes = ["postoffice.sqlite", "postoffice.sqlite-wal"].reduce(0) { sum, name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: folder.file(name))
            return sum + (attributes?[.size] as? Int ?? 0)
        }
        #expect(bytes > 500_000)
        #expect(bytes < 20 * 500_000 / 4)
    }

    @Test("W25 A deleted publisher's target can be used again, and whoever makes a publisher is told its id")
    func again() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let first = try await server.publisher()
            #expect(try await server.delete("/api/publishers/\(first)").status == 204)
            let second = try await server.publisher()
            #expect(second != first)
            try await server.message()
            try await server.delivered(1, by: second)
        }
    }

    @Test("W27 Failures of a target with a long address, and of messages without attributes, are kept like any other")
    func longAddress() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let path = "/" + String(repeating: "x", count: 4000)
            let publisher = try await server.publisher(path)
            server.mailbox.answer(path, 302)
            let message = try await server.message()
            try await server.becomes("parked", message, by: publisher)
            let attempts = try await server.attempts(of: message, by: publisher)
            #expect((attempts.first?["error"] as? String)?.contains("redirects") == true)
            #expect(
                try await server.delivery(of: message, by: publisher)["target"] as? String == server.mailbox.url(path)
            )
        }
    }

    @Test("W29 As many deliveries are on the wire at once as max_demand allows")
    func concurrency() async throws {
        _ = FileLimit.raise()
        let (gate, arrived) = (Gate(), Counter())
        try await WholeServer.run { server in
            try await server.topic()
            let publisher = try await server.publisher(
                "/in",
                #""max_demand":150"#,
                #""seconds_timeout":110"#
            )
            server.mailbox.answer("/in") { _ in
                arrived.increase()
                await gate.wait()
                return 200
            }
            for _ in 1...200 { try await server.message() }
            try await eventually { arrived.value >= 150 }
            #expect(try await server.count("in_flight", of: publisher) == 150)
            gate.open()
            try await server.delivered(200, by: publisher)
        }
    }

    @Test(
        "W35 What is logged is said by LOG_LEVEL, and a payload is in no line of any level",
        arguments: [Logger.Level.trace, .critical]
    )
    func logs(level: Logger.Level) async throws {
        let lines = Lines()
        let logger = Logger(label: "test") {
            LineLogHandler(label: $0, level: level, format: .text) { lines.add(String(buffer: $0)) }
        }
        try await WholeServer.run(["ENABLE_FAULT_INJECTION": "true"], logger: logger) { server in
            try await server.topic()
            let well = try await server.publisher("/well")
            let ill = try await server.publisher("/ill")
            server.mailbox.answer("/ill", 500)
            let message = try await server.message(#"{"card":"hunter2"}"#, attributes: #"{"pin":"hunter2"}"#)
            try await server.becomes("delivered", message, by: well)
            try await server.becomes("parked", message, by: ill)
            #expect(try await server.post("/api/stages/\(ill)/courier/crash").status == 202)
            try await eventually {
                try await server.get("/api/stages/\(ill)").value("data", "restarts") as? Int == 1
            }
        }
        #expect(lines.all.isEmpty == (level == .critical))
        #expect(!lines.all.contains { $0.contains("hunter2") })
    }

    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }
}
