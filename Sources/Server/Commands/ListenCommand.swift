import ArgumentParser
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Pipeline

struct ListenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "listen",
        abstract: "Receive requests and print them: a target for trying things out.",
        discussion: "Answers every request with the chosen status, and prints it to standard output."
    )

    @Option(help: ArgumentHelp("The port on 127.0.0.1; 0 takes any free one.", valueName: "number"))
    var port: Int

    @Option(help: ArgumentHelp("The status to answer with.", valueName: "code"))
    var status = 200

    @Option(help: ArgumentHelp("Milliseconds to wait before each answer.", valueName: "milliseconds"))
    var delay = 0

    @Flag(help: "Print nothing and answer as fast as possible.")
    var quiet = false

    func validate() throws {
        guard 0...65_535 ~= port else { throw ValidationError("--port must be between 0 and 65535") }
        guard 200...599 ~= status else { throw ValidationError("--status must be between 200 and 599") }
        guard 0...3_600_000 ~= delay else { throw ValidationError("--delay must be between 0 and 3600000") }
    }

    func run() async throws {
        LoggingSystem.bootstrap { LineLogHandler(label: $0, level: .warning, format: .text) }
        let files = FileLimit.raise()
        let server = WebServer(
            settings: WebServer.Settings(
                port: port,
                maxBodyBytes: Receiver.maxBodyBytes,
                maxConnections: max(files - 64, 64)
            ),
            logger: Logger(label: "postoffice.listen"),
            onListening: { Self.show("Listening on http://127.0.0.1:\($0)") }
        )
        let receiver = Receiver(
            status: HTTPResponse.Status(code: status),
            delay: .milliseconds(delay),
            print: quiet ? nil : Self.show
        )
        do {
            try await server.application(responder: receiver).runService()
        } catch {
            throw StartFailure(error, host: "127.0.0.1", port: port)
        }
    }

    /// Unlike `print` this holds nothing back when the output is no terminal.
    @Sendable private static func show(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
    }
}
