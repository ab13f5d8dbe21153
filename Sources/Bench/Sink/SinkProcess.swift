import Foundation
import Programs

/// A sink in a process of its own, so that it takes nothing from the measured program but its share of the machine.
final class SinkProcess {
    let port: Int
    private let process: ChildProcess
    private var replies: AsyncStream<String>.Iterator

    /// - Parameter silent: whether it accepts and never answers.
    init(silent: Bool = false) async throws {
        let executable = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
        process = try ChildProcess(executable, silent ? ["sink", "--silent"] : ["sink"])
        replies = process.output.makeAsyncIterator()
        guard let line = await replies.next(), case .listening(let port) = try Self.decode(line) else {
            throw BenchError.program("the sink", "did not start")
        }
        self.port = port
    }

    var url: String { "http://127.0.0.1:\(port)/" }

    func reset() async throws {
        _ = try await ask(.reset)
    }

    /// What has arrived since the reset, and which of these ids have not.
    func report(expected: [ClosedRange<Int>] = []) async throws -> SinkReport {
        guard case .report(let report) = try await ask(.report(expected: expected)) else {
            throw BenchError.program("the sink", "answered something else")
        }
        return report
    }

    /// Waits until each of these messages has arrived, and gives doubles a moment to show.
    /// - Throws: `BenchError.lost`, `.doubled`, or `.stalled` when for `patience` nothing more has come.
    func arrivals(
        of ids: [ClosedRange<Int>],
        in run: String,
        patience: Duration = .seconds(30)
    ) async throws -> SinkReport {
        let expected = ids.reduce(0) { $0 + $1.count }
        let clock = ContinuousClock()
        var seen = -1
        var lastChange = clock.now
        while true {
            let report = try await report()
            if report.distinct >= expected { break }
            if report.requests != seen {
                seen = report.requests
                lastChange = clock.now
                Progress.show("\(run): \(report.distinct) of \(expected) have arrived")
            } else if clock.now - lastChange > patience {
                let missing = try await self.report(expected: ids).missing
                throw missing.isEmpty
                    ? BenchError.stalled(run, arrived: report.distinct, of: expected) : BenchError.lost(run, missing)
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        try await Task.sleep(for: .milliseconds(200))
        let report = try await report(expected: ids)
        guard report.missing.isEmpty else { throw BenchError.lost(run, report.missing) }
        guard report.doubled.isEmpty else { throw BenchError.doubled(run, report.doubled) }
        return report
    }

    func stop() async {
        process.closeInput()
        _ = await process.ended()
    }

    private func ask(_ request: SinkRequest) async throws -> SinkReply {
        try process.write(JSONEncoder().encode(request))
        guard let line = await replies.next() else { throw BenchError.program("the sink", "has ended") }
        return try Self.decode(line)
    }

    private static func decode(_ line: String) throws -> SinkReply {
        try JSONDecoder().decode(SinkReply.self, from: Data(line.utf8))
    }
}
