/// A stretch of a steady flow into a sink: so many arrivals, after half as many that are not counted, in which a
/// change comes to rest.
///
/// Counted in messages and not in seconds, so that what a measurement needs in stock does not depend on the machine.
struct Stretch {
    let sink: SinkProcess
    let messages: Int

    /// What a stretch takes of a backlog, and what arrives beyond it before somebody looks.
    static func stock(of messages: Int, times: Int) -> Int { messages * times * 7 / 4 }

    /// - Returns: messages a second.
    /// - Throws: `BenchError.stalled` when for `patience` nothing more has come.
    func rate(patience: Duration = .seconds(30)) async throws -> Double {
        let base = try await sink.report().requests
        let start = try await arrivals(base + messages / 2, patience)
        let end = try await arrivals(start.requests + messages, patience)
        return Double(end.requests - start.requests) * 1e9 / Double(end.lastArrival - start.lastArrival)
    }

    private func arrivals(_ count: Int, _ patience: Duration) async throws -> SinkReport {
        let clock = ContinuousClock()
        let deadline = clock.now + patience
        while true {
            let report = try await sink.report()
            if report.requests >= count { return report }
            guard clock.now < deadline else {
                throw BenchError.stalled("a stretch", arrived: report.requests, of: count)
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
