import Foundation
import Synchronization

/// A PostgreSQL server of a test's own: its data in a temporary folder, on a free port of 127.0.0.1 and on a socket in
/// the folder. It is stopped and removed when the last reference goes, or when the test process ends, however it ends.
package final class PostgresCluster: Sendable {
    package enum Stop: String {
        /// Sessions are ended, everything is written.
        case fast
        /// As a crash: everything is killed, and recovered at the next start.
        case immediate
    }

    package let port: Int
    package let folder: String
    private let settings: [String]
    private let wrapper: [String]
    private let guardian: Guardian
    private let databases = Atomic<Int>(0)

    /// - Parameters:
    ///   - settings: as `name=value`.
    ///   - authentication: the lines of `pg_hba.conf`; everybody is trusted if not given.
    ///   - wrapper: for the folder of its data, a command that runs the server given after it.
    ///   - prepare: puts further files into the folder.
    package init(
        settings: [String] = ["fsync=off"],
        authentication: [String]? = nil,
        wrapper: (_ folder: String) -> [String] = { _ in [] },
        prepare: (_ folder: String) async throws -> Void = { _ in }
    ) async throws {
        port = try FreePort.find()
        folder = FileManager.default.temporaryDirectory.path + "/postgres-\(UUID().uuidString.prefix(8))"
        self.settings = settings
        self.wrapper = wrapper(folder)
        _ = try await PostgresPrograms.run(
            "initdb",
            [
                "--pgdata=\(folder)", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C",
                "--no-sync", "--no-instructions",
            ]
        )
        guardian = try Guardian(
            onEnd: try PostgresPrograms.command("pg_ctl", ["stop", "--pgdata=\(folder)", "--mode=immediate"]),
            removing: folder
        )
        if let authentication {
            let file = FileHandle(forWritingAtPath: folder + "/pg_hba.conf")
            try file?.truncate(atOffset: 0)
            try file?.write(contentsOf: Data((authentication.joined(separator: "\n") + "\n").utf8))
        }
        try await prepare(folder)
        try await start()
    }

    /// One server for all tests of the process that do not harm it.
    package static func shared() async throws -> PostgresCluster {
        try await sharedCluster.value
    }

    // Exception: it belongs to no test; whoever comes first makes it, and everybody awaits it.
    private static let sharedCluster = Task {
        try await PostgresCluster(settings: ["fsync=off", "max_connections=500"])
    }

    /// - Parameter port: nil goes straight to the server.
    package func url(_ database: String, port: Int? = nil) -> String {
        "postgres://postgres@127.0.0.1:\(port ?? self.port)/\(database)"
    }

    /// Makes an empty database.
    /// - Returns: its name.
    package func createDatabase() async throws -> String {
        let name = "test\(databases.add(1, ordering: .relaxed).newValue)"
        try await execute("CREATE DATABASE \(name) TEMPLATE template0", in: "postgres")
        return name
    }

    /// Runs statements as another program would.
    /// - Returns: the values answered, unaligned.
    @discardableResult
    package func execute(_ sql: String, in database: String) async throws -> String {
        try await PostgresPrograms.run(
            "psql",
            ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--command=\(sql)"]
                + ["--dbname=\(url(database))"]
        )
    }

    /// Starts it, and waits until it takes connections.
    package func start() async throws {
        let options =
            settings + [
                "port=\(port)", "listen_addresses=127.0.0.1", "unix_socket_directories=\(folder)",
            ]
        try PostgresPrograms.launch(
            "postgres",
            ["-D", folder] + options.flatMap { ["-c", $0] },
            wrapper: wrapper,
            output: "\(folder)/log"
        )
        for _ in 0..<600 {
            if (try? await PostgresPrograms.run("pg_isready", ["--quiet", "--dbname=\(url("postgres"))"])) != nil {
                return
            }
            try await ContinuousClock().sleep(for: .milliseconds(20))
        }
        throw PostgresPrograms.Problem.failed("postgres", "it does not start: see \(folder)/log")
    }

    /// The folder as the running server sees it, which may have mounts of its own.
    package var files: String {
        get throws {
            let lines = try String(contentsOfFile: folder + "/postmaster.pid", encoding: .utf8).split(separator: "\n")
            return "/proc/\(lines.first ?? "")/root\(folder)"
        }
    }

    package func stop(_ mode: Stop) async throws {
        try await PostgresPrograms.run("pg_ctl", ["stop", "--wait", "--pgdata=\(folder)", "--mode=\(mode.rawValue)"])
    }
}
