@testable import Bench
import Foundation
import Logging
import Pipeline
import Programs
import Synchronization
import TestSupport
import Testing

/// The built `postoffice`, serving on a free port and a folder of its own. It can be killed and started again on it.
final class ServerProcess: Sendable {
    enum Problem: Error {
        /// It ended before it listened.
        case ended(status: Int32, log: [String])
    }

    let folder: URL
    private let settings: [String: String]
    private let wrapper: [String]
    private let run = Mutex<Run?>(nil)
    /// How often it has been started.
    private let starts = Watched(0)

    /// The folder as the server sees it, which may be on a mount of its own; open for as long as this is.
    private let view: Mutex<FileHandle?> = Mutex(nil)

    private struct Run {
        var process: ChildProcess
        var url: String
        var log: Log
    }

    /// What it has written on standard error since its last start.
    final class Log: Sendable {
        private let stored = Mutex<[String]>([])
        var lines: [String] { stored.withLock { $0 } }
        fileprivate func append(_ line: String) { stored.withLock { $0.append(line) } }
    }

    /// - Parameters:
    ///   - folder: nil makes a new one. It is removed with the server.
    ///   - settings: environment variables; a new SQLite file in the folder and any free port if not given.
    ///   - wrapper: a command that runs the program given after it, such as `unshare --mount`.
    init(folder: URL? = nil, _ settings: [String: String] = [:], wrapper: [String] = []) throws {
        self.folder = try folder ?? Self.newFolder()
        self.settings = settings
        self.wrapper = wrapper
    }

    static func newFolder() throws -> URL {
        let name = "postoffice-test-\(UUID().uuidString.prefix(8))"
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    deinit {
        run.withLock { $0?.process.send(SIGKILL) }
        try? FileManager.default.removeItem(at: folder)
    }

    /// The address of the current run. The port may be another one after each start.
    var url: String { run.withLock { $0?.url ?? "http://127.0.0.1:9" } }
    var isRunning: Bool { run.withLock { $0 != nil } }
    var processIdentifier: Int32? { run.withLock { $0?.process.processIdentifier } }
    /// - Throws: when it does not run.
    var figures: ProcessFigures { get throws { ProcessFigures(processIdentifier: try #require(processIdentifier)) } }
    var log: [String] { run.withLock { $0?.log.lines ?? [] } }

    /// Starts it, and waits until it says that it listens.
    /// - Throws: `Problem.ended` when it ends instead.
    func start() async throws {
        let (process, log) = try launch()
        for await line in process.errors {
            log.append(line)
            guard let range = line.range(of: "Listening on ") else { continue }
            let url = String(line[range.upperBound...].prefix { !$0.isWhitespace })
            run.withLock { $0 = Run(process: process, url: url, log: log) }
            if !wrapper.isEmpty { view.withLock { $0 = Self.view(of: folder, by: process.processIdentifier) } }
            // Exception: reads on for as long as the program runs, and ends with its output.
            Task { for await line in process.errors { log.append(line) } }
            starts.change { $0 += 1 }
            return
        }
        throw Problem.ended(status: await process.ended(), log: log.lines)
    }

    var startCount: Int { starts.value }

    /// Waits until it has been started more than so many times.
    func started(after count: Int) async throws {
        try await starts.wait { $0 > count }
    }

    /// Where its files are to be found, also after its end.
    var files: String { view.withLock { $0.map { "/proc/self/fd/\($0.fileDescriptor)" } ?? folder.path } }

    /// Reads what it has left behind when it ended, in a copy: to open a database is to repair it, and that is left to
    /// the next start.
    func withRemains<Value>(_ body: (any MessageStore) async throws -> Value) async throws -> Value {
        let copy = try TemporaryFolder()
        let store = try await remains(copy)
        let value: Value
        do {
            value = try await body(store)
        } catch {
            try await store.close()
            throw error
        }
        try await store.close()
        return value
    }

    /// Changes its database, between two runs.
    func withDatabase<Value>(_ body: (any MessageStore) async throws -> Value) async throws -> Value {
        let path = folder.appendingPathComponent("postoffice.sqlite").path
        let store = try await postgres() ?? SQLiteStore(path: path, logger: Logger(label: "between"))
        let value = try await body(store)
        try await store.close()
        return value
    }

    private func postgres() async throws -> (any MessageStore)? {
        guard let url = settings["DATABASE_URL"], url.hasPrefix("postgres") else { return nil }
        let options = try PostgresOptions(url: url, timeout: .seconds(5))
        return try await PostgresStore.open(options, connections: 2, logger: Logger(label: "remains"))
    }

    private func remains(_ copy: TemporaryFolder) async throws -> any MessageStore {
        let logger = Logger(label: "remains")
        if let store = try await postgres() { return store }
        for name in ["postoffice.sqlite", "postoffice.sqlite-wal"] {
            let file = files + "/" + name
            guard FileManager.default.fileExists(atPath: file) else { continue }
            try FileManager.default.copyItem(atPath: file, toPath: copy.file(name))
        }
        return try SQLiteStore(path: copy.file("postoffice.sqlite"), logger: logger)
    }

    private static func view(of folder: URL, by process: pid_t) -> FileHandle? {
        let descriptor = open("/proc/\(process)/root\(folder.path)", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        return descriptor < 0 ? nil : FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Starts it with settings that it must refuse, and waits for its end.
    /// - Returns: its exit status, and what it wrote on standard error.
    func startInVain() async throws -> (status: Int32, log: [String]) {
        let (process, log) = try launch()
        for await line in process.errors {
            log.append(line)
            if line.contains("Listening on ") {
                process.send(SIGKILL)
                Issue.record("it started: \(line)")
            }
        }
        return (await process.ended(), log.lines)
    }

    /// `kill -9`, and waits until it is gone.
    func kill() async {
        _ = await end(with: SIGKILL)
    }

    /// Asks it to stop, and waits until it has.
    /// - Returns: its exit status.
    @discardableResult
    func stop() async -> Int32 {
        await end(with: SIGTERM)
    }

    private func end(with signal: Int32) async -> Int32 {
        guard let process = run.withLock({ $0?.process }) else { return 0 }
        process.send(signal)
        let status = await process.ended()
        run.withLock { $0 = nil }
        return status
    }

    private func launch() throws -> (ChildProcess, Log) {
        var environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "PORT": "0"]
        environment["DATABASE_URL"] = "sqlite:" + folder.appendingPathComponent("postoffice.sqlite").path
        environment.merge(settings) { $1 }
        let command = wrapper + [BuiltProduct.postoffice.path, "serve"]
        let process = try ChildProcess(
            URL(fileURLWithPath: command[0]),
            Array(command.dropFirst()),
            environment: environment,
            errors: .apart
        )
        return (process, Log())
    }
}
