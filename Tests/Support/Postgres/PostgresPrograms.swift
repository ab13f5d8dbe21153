import Foundation
import Programs

/// PostgreSQL's own programs, as the distribution installs them, run by a user that may run a server.
package enum PostgresPrograms {
    package enum Problem: Error, CustomStringConvertible {
        case missing
        case failed(String, String)

        package var description: String {
            switch self {
            case .missing: "PostgreSQL is not installed: `Scripts/set-up test` installs it"
            case .failed(let program, let output): "\(program) failed: \(output)"
            }
        }
    }

    /// The folder of the newest version's programs.
    package static let folder: String? = {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let folders =
            versions.sorted { $0.compare($1, options: .numeric) == .orderedDescending }.map { "\(root)/\($0)/bin" }
            + (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return folders.first { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") }
    }()

    /// The server refuses to run as root: there it runs as the user that its package has made.
    private static let user =
        getuid() == 0
        ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : []

    /// The command line that runs one of them.
    package static func command(_ program: String, _ arguments: [String]) throws -> [String] {
        guard let folder else { throw Problem.missing }
        return user + ["\(folder)/\(program)"] + arguments
    }

    /// Runs another program as the server's user, so that its files are the server's.
    package static func runAsServer(_ command: [String]) async throws {
        try await run(command: user + command)
    }

    /// Runs one of them to its end.
    /// - Returns: what it has written.
    @discardableResult
    package static func run(_ program: String, _ arguments: [String]) async throws -> String {
        try await run(command: try command(program, arguments))
    }

    @discardableResult
    package static func run(command: [String]) async throws -> String {
        // Its user may not be able to look into the folder that we are in.
        let (status, lines) = try await ChildProcess.run(["env", "--chdir=/"] + command)
        let text = lines.joined(separator: "\n")
        guard status == 0 else { throw Problem.failed(command.joined(separator: " "), text) }
        return text
    }

    /// Starts one of them beside this process. Nobody waits for its end.
    ///
    /// - Parameter wrapper: a command that runs the program given after it.
    static func launch(_ program: String, _ arguments: [String], wrapper: [String], output: String) throws {
        let script = #"cd /; output=$1; shift; exec "$@" >>"$output" 2>&1"#
        try Spawning.quietly(
            "/bin/sh",
            ["-c", script, program, output] + wrapper + (try command(program, arguments))
        )
    }
}
