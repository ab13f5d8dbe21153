import Foundation
import TestSupport
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A program that runs beside a test, and what it prints. A thread reads that: `readabilityHandler` has been seen to
/// miss lines.
final class RunningProgram: Sendable {
    let lines: AsyncStream<String>
    private let identifier: pid_t
    private let input: FileHandle
    private let exit: AsyncStream<Int32>

    /// - Parameter program: looked for in `PATH`.
    init(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        let (lines, print) = AsyncStream<String>.makeStream()
        let (exit, end) = AsyncStream<Int32>.makeStream()
        let (input, output) = (Pipe(), Pipe())
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        process.terminationHandler = { process in
            end.yield(process.terminationStatus)
            end.finish()
        }
        try process.runAlone()
        self.lines = lines
        self.exit = exit
        self.input = input.fileHandleForWriting
        identifier = process.processIdentifier
        let source = output.fileHandleForReading
        let reader = Thread {
            var text = ""
            while true {
                let data = source.availableData
                if data.isEmpty { break }
                text += String(decoding: data, as: UTF8.self)
                while let end = text.firstIndex(where: \.isNewline) {
                    print.yield(String(text[..<end]))
                    text.removeSubrange(...end)
                }
            }
            print.finish()
        }
        reader.start()
    }

    func write(_ text: String) {
        input.write(Data(text.utf8))
    }

    /// Kills it: it may have inherited a signal mask that keeps SIGTERM off.
    func stop() {
        kill(identifier, SIGKILL)
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
