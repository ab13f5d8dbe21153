import Foundation
import Synchronization

/// A program of ours that runs beside us and ends with us.
final class ChildProcess: Sendable {
    /// What the program writes, by line; ends with it.
    let output: AsyncStream<String>
    let errors: AsyncStream<String>
    /// Ends when the program has.
    private let exit: AsyncStream<Int32>
    private let process: Process
    private let input = Pipe()
    private let name: String

    /// - Parameters:
    ///   - environment: all that the program sees of it.
    ///   - passErrors: whether its standard error goes to ours; `errors` stays empty then.
    init(
        _ executable: URL,
        _ arguments: [String],
        environment: [String: String] = ProcessInfo.processInfo.environment,
        passErrors: Bool = true
    ) throws {
        name = executable.lastPathComponent
        process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.environment = environment
        process.standardInput = input
        let output = Pipe()
        process.standardOutput = output
        self.output = output.lines()
        if passErrors {
            errors = AsyncStream { $0.finish() }
        } else {
            let errors = Pipe()
            process.standardError = errors
            self.errors = errors.lines()
        }
        let (exit, continuation) = AsyncStream<Int32>.makeStream()
        self.exit = exit
        process.terminationHandler = { process in
            ChildProcess.living.withLock { $0[process.processIdentifier] = nil }
            continuation.yield(
                process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
            )
            continuation.finish()
        }
        do {
            try Self.withoutBlockedSignals { try process.run() }
        } catch {
            throw BenchError.program(name, "cannot be started: \(error)")
        }
        ChildProcess.living.withLock { $0[process.processIdentifier] = process.isRunning ? () : nil }
    }

    deinit {
        if process.isRunning { send(SIGKILL) }
    }

    var processIdentifier: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }

    func write(_ line: Data) throws {
        try input.fileHandleForWriting.write(contentsOf: line + [0x0A])
    }

    func closeInput() {
        try? input.fileHandleForWriting.close()
    }

    func send(_ signal: Int32) {
        kill(process.processIdentifier, signal)
    }

    /// Waits until the program has ended. To be awaited once.
    /// - Returns: its exit status, or the signal that ended it, negative.
    func ended() async -> Int32 {
        for await status in exit { return status }
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    /// A program starts with the signals blocked that its parent's thread blocks, and Dispatch's threads block them all.
    private static func withoutBlockedSignals(_ body: () throws -> Void) rethrows {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try body()
    }

    /// Programs that have to end when we do: they have process groups of their own, which an interrupt does not reach.
    private static let living = Mutex<[Int32: Void]>([:])

    /// Ends all programs at once, without waiting for them.
    static func killAll() {
        for identifier in living.withLock({ $0.keys.sorted() }) { kill(identifier, SIGKILL) }
    }

    /// A program that was built together with this one.
    static func sibling(_ name: String) throws -> URL {
        let folder = (Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0]))
            .deletingLastPathComponent()
        let url = folder.appendingPathComponent(name)
        guard FileManager.default.isExecutableFile(atPath: url.path) else {
            throw BenchError.program(
                name,
                "is not beside this program: build it first (swift build -c release --product \(name))"
            )
        }
        return url
    }
}

extension Pipe {
    /// Lines as they are written; ends with the last writer.
    fileprivate func lines() -> AsyncStream<String> {
        let handle = fileHandleForReading
        return AsyncStream { continuation in
            let pending = Mutex<[UInt8]>([])
            handle.readabilityHandler = { handle in
                let chunk = handle.availableData
                pending.withLock { pending in
                    pending.append(contentsOf: chunk)
                    while let end = pending.firstIndex(of: 0x0A) {
                        continuation.yield(String(decoding: pending[..<end], as: UTF8.self))
                        pending.removeSubrange(...end)
                    }
                    if chunk.isEmpty {
                        if !pending.isEmpty { continuation.yield(String(decoding: pending, as: UTF8.self)) }
                        handle.readabilityHandler = nil
                        continuation.finish()
                    }
                }
            }
        }
    }
}
