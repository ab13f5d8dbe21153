import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A program that runs beside a test, and what it prints.
final class RunningProgram: Sendable {
    let lines: AsyncStream<String>
    private let process: Mutex<Process>
    private let input = Pipe()
    private let exit: AsyncStream<Int32>

    /// - Parameter program: looked for in `PATH`.
    init(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        let (lines, print) = AsyncStream<String>.makeStream()
        self.lines = lines
        let (exit, end) = AsyncStream<Int32>.makeStream()
        self.exit = exit
        let unfinished = Mutex("")
        output.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            if data.isEmpty {
                handle.readabilityHandler = nil
                print.finish()
                return
            }
            unfinished.withLock { text in
                text += String(decoding: data, as: UTF8.self)
                while let end = text.firstIndex(where: \.isNewline) {
                    print.yield(String(text[..<end]))
                    text.removeSubrange(...end)
                }
            }
        }
        process.terminationHandler = { process in
            end.yield(process.terminationStatus)
            end.finish()
        }
        try process.run()
        self.process = Mutex(process)
    }

    func write(_ text: String) {
        input.fileHandleForWriting.write(Data(text.utf8))
    }

    /// Kills it: it may have inherited a signal mask that keeps SIGTERM off.
    func stop() {
        process.withLock { if $0.isRunning { _ = kill($0.processIdentifier, SIGKILL) } }
    }

    /// Everything printed from now on, once the program is over, and its exit status.
    func result() async -> (status: Int32, output: [String]) {
        var output: [String] = []
        for await line in lines { output.append(line) }
        for await status in exit { return (status, output) }
        return (-1, output)
    }

    /// Runs a program to its end.
    static func run(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:]
    ) async throws -> (status: Int32, output: [String]) {
        let running = try RunningProgram(program, arguments, environment: environment)
        return await running.result()
    }
}
