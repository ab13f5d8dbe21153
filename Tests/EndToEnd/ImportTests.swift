import Foundation
import Programs
import TestSupport
import Testing

@Suite("postoffice import-original", .timeLimit(.minutes(5)))
struct ImportTests {
    private struct Outcome {
        var status: Int32
        var output: String
        var errors: String
    }

    private static func run(_ arguments: [String], _ settings: [String: String]) async throws -> Outcome {
        let process = try ChildProcess(
            BuiltProduct.postoffice,
            ["import-original"] + arguments,
            environment: settings,
            errors: .apart
        )
        process.closeInput()
        async let output = process.output.reduce(into: "") { $0 += $1 + "\n" }
        async let errors = process.errors.reduce(into: "") { $0 += $1 + "\n" }
        return Outcome(status: await process.ended(), output: await output, errors: await errors)
    }

    @Test("takes over what is undelivered: each publisher gets its own, once", arguments: Database.allCases)
    func takeOver(database: Database) async throws {
        let receiver = try Receiver()
        let original = try await OriginalSchema()
        try await original.addJobTable()
        let topic = try await original.topic("orders")
        let first = try await original.publisher(topic, receiver.url("/first"))
        let second = try await original.publisher(topic, receiver.url("/second"))
        for number in 0..<20 { try await original.job(first, #"{"n":\#(number)}"#) }
        try await original.job(second, #"{"m":1}"#, attributes: #"{"a":"b"}"#, state: "retryable", attempt: 3)
        let later = "timezone('UTC', now()) + interval '1 day'"
        try await original.job(second, #"{"m":2}"#, state: "scheduled", at: later)

        let folder = try ServerProcess.newFolder()
        let path = folder.appendingPathComponent("postoffice.sqlite").path
        let settings = try await database.settings(["DATABASE_URL": "sqlite:" + path])
        let dry = try await Self.run([original.url], settings)
        #expect(dry.status == 0 && dry.output.contains("this was a dry run"), "\(dry.output)\(dry.errors)")
        for _ in 0..<2 {
            let outcome = try await Self.run([original.url, "--apply"], settings)
            #expect(outcome.status == 0 && outcome.output.hasSuffix("Done.\n"), "\(outcome.output)\(outcome.errors)")
        }

        let server = try ServerProcess(folder: folder, settings)
        try await server.start()
        let busy = try await Self.run([original.url, "--apply"], settings)
        #expect(
            busy.status == 1 && busy.output == "" && busy.errors.split(separator: "\n").count == 1,
            "\(busy.errors)"
        )

        try await receiver.delivered(21)
        // And what comes now goes to both.
        let api = API(server)
        try await api.accept("orders", #"{"new":true}"#)
        try await receiver.requested(23)
        let bodies = { (path: String) in receiver.arrivals.filter { $0.path == path }.map(\.text).sorted() }
        #expect(bodies("/first") == ((0..<20).map { #"{"n": \#($0)}"# } + [#"{"new":true}"#]).sorted())
        #expect(bodies("/second").count == 2)
        let retried = try #require(receiver.arrivals.first { $0.path == "/second" && $0.text.contains(#""m""#) })
        #expect(retried.attempt == 4 && retried.text.contains(#""attributes":{"a": "b"}"#), "\(retried.text)")
        try await eventually { try await api.publisher(2)["parked"] as? Int == 1 }
    }

    @Test("says in one line what it cannot use")
    func wrongURL() async throws {
        for url in ["http://127.0.0.1/", "postgres://user:secret@127.0.0.1:1/x"] {
            let folder = try TemporaryFolder()
            let outcome = try await Self.run([url], ["DATABASE_URL": "sqlite:" + folder.file("x.sqlite")])
            #expect(outcome.status == 1 && outcome.output == "")
            #expect(outcome.errors.split(separator: "\n").count == 1 && !outcome.errors.contains("secret"))
        }
    }
}
