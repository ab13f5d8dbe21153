import Foundation
import Programs
import TestSupport
import Testing

@testable import Server

@Suite("The postoffice command")
struct CommandTests {
    private struct Outcome {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Runs the built executable to its end.
    private func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Outcome {
        let process = try ChildProcess(
            ChildProcess.sibling("postoffice"),
            arguments,
            environment: environment,
            errors: .apart
        )
        process.closeInput()
        async let output = process.output.reduce(into: "") { $0 += $1 + "\n" }
        async let errors = process.errors.reduce(into: "") { $0 += $1 + "\n" }
        return Outcome(status: await process.ended(), output: await output, errors: await errors)
    }

    @Test("tells its version")
    func version() async throws {
        let outcome = try await run(["version"])
        #expect(outcome.status == 0)
        #expect(outcome.output == "postoffice \(Version.current)\n")
    }

    @Test("does not start with a setting that cannot be used: one line, exit 1", arguments: [["serve"], []])
    func settings(arguments: [String]) async throws {
        let outcome = try await run(arguments, environment: ["MAX_DEMAND": "abc"])
        #expect(outcome.status == 1)
        #expect(outcome.output == "")
        #expect(
            outcome.errors == "postoffice: MAX_DEMAND is \"abc\": it must be a whole number between 1 and 10000\n"
        )
    }

    @Test("says so in one line when the port is taken, exit 1")
    func portTaken() async throws {
        try await TestServer().run { client async throws in
            let outcome = try await run(["listen", "--port", "\(client.port)"])
            #expect(outcome.status == 1)
            #expect(
                outcome.errors
                    == "postoffice: 127.0.0.1:\(client.port) is in use by another program: choose a free port\n"
            )
        }
    }

    @Test("checks a server that serves: exit 0")
    func checks() async throws {
        try await TestServer().run { client async throws in
            let outcome = try await run(["check"], environment: ["PORT": "\(client.port)"])
            #expect(outcome.status == 0)
            #expect(outcome.output == "http://127.0.0.1:\(client.port)/api/health answers.\n")
            #expect(outcome.errors == "")
        }
    }

    @Test("checks a server that is not there: one line, exit 1")
    func checksInVain() async throws {
        // Nobody listens on the lowest port.
        let outcome = try await run(["check"], environment: ["PORT": "1"])
        #expect(outcome.status == 1)
        #expect(outcome.output == "")
        #expect(
            outcome.errors
                == "postoffice: http://127.0.0.1:1/api/health cannot be reached: Connection refused\n"
        )
    }

    @Test("cannot check a server on any free port: one line, exit 1")
    func checksAnyPort() async throws {
        let outcome = try await run(["check"], environment: ["PORT": "0"])
        #expect(outcome.status == 1)
        #expect(outcome.errors == "postoffice: PORT is \"0\": it must be the port that the server listens on\n")
    }

    @Test(
        "refuses options that make no sense",
        arguments: [
            ["listen"], ["listen", "--port", "65536"], ["listen", "--port", "1", "--status", "99"],
            ["listen", "--port", "1", "--delay", "-1"], ["dance"],
        ]
    )
    func options(arguments: [String]) async throws {
        let outcome = try await run(arguments)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains("Usage:"))
    }
}
