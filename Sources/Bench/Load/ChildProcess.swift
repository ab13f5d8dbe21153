import Foundation
import Synchronization

/// A program of ours that runs beside us and ends with us.
///
/// Not Foundation's `Process`: that hands on the signals that Dispatch's threads block, so that SIGTERM does nothing, and
/// open files of other programs that are started at the same time, so that the end of their output is never seen.
final class ChildProcess: Sendable {
    let processIdentifier: pid_t
    /// What the program writes, by line; ends with it.
    let output: AsyncStream<String>
    /// Empty when standard error is passed on.
    let errors: AsyncStream<String>
    private let input: FileHandle
    private let state = Mutex(State())

    private struct State {
        var status: Int32?
        var waiting: [CheckedContinuation<Int32, Never>] = []
    }

    /// - Parameters:
    ///   - environment: all that the program sees of it.
    ///   - passErrors: whether its standard error goes to ours.
    init(
        _ executable: URL,
        _ arguments: [String],
        environment: [String: String] = ProcessInfo.processInfo.environment,
        passErrors: Bool = true
    ) throws {
        // One at a time: else a program could get an end of another's pipe, which is open for a moment before it is marked.
        let (input, output, errors, result) = try Self.starting.withLock { _ in
            let input = try PipeEnds()
            let output = try PipeEnds()
            let errors = passErrors ? nil : try PipeEnds()
            var spawning = Spawning(executable: executable.path, arguments: arguments, environment: environment)
            spawning.standardInput = input.reading
            spawning.standardOutput = output.writing
            spawning.standardError = errors?.writing ?? STDERR_FILENO
            return (input, output, errors, Result { try spawning.run() })
        }
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

    var isRunning: Bool { state.withLock { $0.status == nil } }

    func write(_ line: Data) throws {
        try input.write(contentsOf: line + [0x0A])
    }

    func closeInput() {
        try? input.close()
    }

    /// Does nothing when the program has ended.
    func send(_ signal: Int32) {
        state.withLock { state in
            if state.status == nil { kill(processIdentifier, signal) }
        }
    }

    /// Waits until the program has ended.
    /// - Returns: its exit status, or the signal that ended it, negative.
    func ended() async -> Int32 {
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

    private static let starting = Mutex<Void>(())
    private static let living = Mutex<Set<pid_t>>([])

    /// Ends all programs at once, without waiting for them.
    static func killAll() {
        for identifier in living.withLock({ $0 }) { kill(identifier, SIGKILL) }
    }

    /// A program that was built together with this one.
    static func sibling(_ name: String) throws -> URL {
        let own = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
        let url = own.deletingLastPathComponent().appendingPathComponent(name)
        guard FileManager.default.isExecutableFile(atPath: url.path) else {
            throw BenchError.program(
                name,
                "is not beside this program: build it first (swift build -c release --product \(name))"
            )
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
