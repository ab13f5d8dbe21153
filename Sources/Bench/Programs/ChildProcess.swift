package import Foundation
import Synchronization

/// A program of ours that runs beside us and ends with us.
///
/// Not Foundation's `Process`: that hands on the signals that Dispatch's threads block, so that SIGTERM does nothing, and
/// open files of other programs that are started at the same time, so that the end of their output is never seen.
package final class ChildProcess: Sendable {
    package let processIdentifier: pid_t
    /// What the program writes, by line; ends with it.
    package let output: AsyncStream<String>
    /// Empty unless standard error is read apart.
    package let errors: AsyncStream<String>
    private let input: FileHandle
    private let state = Mutex(State())

    private struct State {
        var status: Int32?
        var waiting: [CheckedContinuation<Int32, Never>] = []
    }

    /// Where the program's standard error goes.
    package enum Errors: Sendable {
        /// To ours.
        case passed
        /// To `errors`.
        case apart
        /// To `output`, in between what it writes there.
        case together
    }

    /// - Parameters:
    ///   - environment: all that the program sees of it.
    /// - Throws: `ProgramError` when it cannot be started.
    package init(
        _ executable: URL,
        _ arguments: [String],
        environment: [String: String] = ProcessInfo.processInfo.environment,
        errors where: Errors = .passed
    ) throws {
        let input = try PipeEnds()
        let output = try PipeEnds()
        let errors = `where` == .apart ? try PipeEnds() : nil
        var spawning = Spawning(executable: executable.path, arguments: arguments, environment: environment)
        spawning.standardInput = input.reading
        spawning.standardOutput = output.writing
        spawning.standardError = `where` == .together ? output.writing : errors?.writing ?? STDERR_FILENO
        let result = Result { try spawning.run() }
        close(input.reading)
        close(output.writing)
        if let errors { close(errors.writing) }
        self.input = FileHandle(fileDescriptor: input.writing, closeOnDealloc: true)
        self.output = Self.lines(of: output.reading)
        self.errors = errors.map { Self.lines(of: $0.reading) } ?? AsyncStream { $0.finish() }
        processIdentifier = try result.get()
        Self.living.withLock { _ = $0.insert(processIdentifier) }
        Thread.detachNewThread { [processIdentifier, weak self] in
            // Waited for without being collected: its number is not given to another one before we know.
            var information = siginfo_t()
            while waitid(P_PID, id_t(processIdentifier), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            guard let self else {
                Self.collect(processIdentifier)
                return
            }
            let (status, waiting) = state.withLock { state in
                let status = Self.collect(processIdentifier)
                state.status = status
                defer { state.waiting = [] }
                return (status, state.waiting)
            }
            for continuation in waiting { continuation.resume(returning: status) }
        }
    }

    deinit {
        send(SIGKILL)
    }

    package var isRunning: Bool { state.withLock { $0.status == nil } }

    /// Hands over a line.
    package func write(_ line: Data) throws {
        try input.write(contentsOf: line + [0x0A])
    }

    package func closeInput() {
        try? input.close()
    }

    /// Does nothing when the program has ended.
    package func send(_ signal: Int32) {
        state.withLock { state in
            if state.status == nil { kill(processIdentifier, signal) }
        }
    }

    /// Runs a program of the `PATH` to its end.
    /// - Parameters:
    ///   - environment: added to ours.
    ///   - input: what it reads.
    /// - Returns: Its exit status, and the lines that it has written, to whichever of the two.
    package static func run(
        _ command: [String],
        environment: [String: String] = [:],
        input: Data = Data()
    ) async throws -> (status: Int32, lines: [String]) {
        let process = try ChildProcess(
            URL(fileURLWithPath: "/usr/bin/env"),
            command,
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
            errors: .together
        )
        if !input.isEmpty { try process.input.write(contentsOf: input) }
        process.closeInput()
        var lines: [String] = []
        for await line in process.output { lines.append(line) }
        return (await process.ended(), lines)
    }

    /// Waits until the program has ended.
    /// - Returns: its exit status, or the signal that ended it, negative.
    package func ended() async -> Int32 {
        await withCheckedContinuation { continuation in
            let status = state.withLock { state in
                if state.status == nil { state.waiting.append(continuation) }
                return state.status
            }
            if let status { continuation.resume(returning: status) }
        }
    }

    @discardableResult
    private static func collect(_ processIdentifier: pid_t) -> Int32 {
        living.withLock { _ = $0.remove(processIdentifier) }
        var status: Int32 = 0
        waitpid(processIdentifier, &status, 0)
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : -signal
    }

    private static let living = Mutex<Set<pid_t>>([])

    /// Ends all programs at once, without waiting for them.
    package static func killAll() {
        for identifier in living.withLock({ $0 }) { kill(identifier, SIGKILL) }
    }

    /// A program that was built together with this one.
    package static func sibling(_ name: String) throws -> URL {
        let own = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
        let url = own.deletingLastPathComponent().appendingPathComponent(name)
        guard FileManager.default.isExecutableFile(atPath: url.path) else {
            throw ProgramError.notBuilt(name)
        }
        return url
    }

    /// Reads on a thread of its own until the last writer has closed its end.
    private static func lines(of descriptor: Int32) -> AsyncStream<String> {
        AsyncStream { continuation in
            Thread.detachNewThread {
                var pending: [UInt8] = []
                var chunk = [UInt8](repeating: 0, count: 65_536)
                while true {
                    let count = read(descriptor, &chunk, chunk.count)
                    if count < 0 && errno == EINTR { continue }
                    guard count > 0 else { break }
                    pending.append(contentsOf: chunk[..<count])
                    while let end = pending.firstIndex(of: 0x0A) {
                        continuation.yield(String(decoding: pending[..<end], as: UTF8.self))
                        pending.removeSubrange(...end)
                    }
                }
                if !pending.isEmpty { continuation.yield(String(decoding: pending, as: UTF8.self)) }
                close(descriptor)
                continuation.finish()
            }
        }
    }
}
