import Foundation
import Pipeline

/// A server at a steady load, with or without a clean-up beside it.
struct CleanUpLoad {
    /// What senders and receivers saw.
    struct Seen {
        /// Nanoseconds from when a request was due to its answer.
        var intake: [UInt64] = []
        var delivery: SinkReport.Latency
        /// How long it went on.
        var seconds: Double

        func intake(at percentile: Double) -> Double {
            let sorted = intake.sorted()
            guard let last = sorted.indices.last else { return .nan }
            return Double(sorted[min(last, Int(Double(sorted.count) * percentile))]) / 1e6
        }
    }

    let database: BenchDatabase
    let sink: SinkProcess
    let payload: Payload
    let rate: Int
    let seconds: Int

    private static let live = "live"

    /// - Parameter old: the topic whose messages are removed meanwhile; nil: nothing is.
    func run(cleaning old: Int64?) async throws -> Seen {
        // Only what was missed is made up for.
        let server = try await PostofficeProcess.serve(on: database, settings: ["CLEAN_MESSAGES_CRONTAB": "0 0 29 2 *"])
        if old == nil {
            _ = try server.createTopic(Self.live)
            try server.createPublisher(topic: Self.live, target: sink.url, maxDemand: 100)
        }
        let request = LoadRequest.message(to: server.url + "/api/messages", topic: Self.live, payload: payload)
        if old == nil { _ = try await window(request, seconds: 1) }
        try await sink.reset()
        var seen = Seen(delivery: try await sink.report().latency, seconds: 0)
        let began = MonotonicClock.now()
        var ids: [Int] = []
        // Space is given back after the last message has gone.
        var windowsLeft = old == nil ? 1 : 3
        while windowsLeft > 0 {
            let load = try await window(request, seconds: seconds)
            seen.intake += load.latencies
            ids += load.ids
            let isOver = try old.map { try server.isEmpty(topic: $0) } ?? true
            if isOver {
                windowsLeft -= 1
                if seen.seconds == 0 { seen.seconds = MonotonicClock.seconds(since: began) }
            }
            Progress.show("\(Int(MonotonicClock.seconds(since: began))) s, \(ids.count) messages beside the clean-up")
        }
        seen.delivery = try await sink.arrivals(of: IDRanges(ids).ranges, in: "retention").latency
        try await server.stop()
        return seen
    }

    private func window(_ request: LoadRequest, seconds: Int) async throws -> TimedLoad {
        let load = await LoadLoop.run(request, connections: 64, TimedLoad(rate: rate, seconds: seconds))
        if let problem = load.problem { throw BenchError.unexpectedAnswer("POST \(request.url)", problem) }
        return load
    }
}
