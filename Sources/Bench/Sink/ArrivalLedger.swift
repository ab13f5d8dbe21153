import Histogram

/// What has arrived at a sink: how often each message, when, and how long after its start.
struct ArrivalLedger {
    /// Ids above this are counted without being told apart: no benchmark sends so many.
    static let largestID: UInt64 = 50_000_000

    private(set) var requests = 0
    private(set) var distinct = 0
    private(set) var bytes = 0
    private(set) var firstArrival: UInt64 = 0
    private(set) var lastArrival: UInt64 = 0
    /// Nanoseconds from the start that a payload names to its first arrival.
    private var latencies = Histogram<UInt64>(highestTrackableValue: 600_000_000_000)
    /// Arrivals by id, up to 255.
    private var counts: [UInt8] = []

    var latency: SinkReport.Latency {
        SinkReport.Latency(
            count: Int(latencies.totalCount),
            p50: latencies.valueAtPercentile(50),
            p99: latencies.valueAtPercentile(99),
            p999: latencies.valueAtPercentile(99.9),
            max: latencies.max
        )
    }

    /// - Parameters:
    ///   - id: 0 when the request named none.
    ///   - start: nanoseconds of the monotonic clock; 0 when the payload named none.
    mutating func record(id: UInt64, start: UInt64, bytes length: Int, at now: UInt64) {
        requests += 1
        bytes += length
        if firstArrival == 0 { firstArrival = now }
        lastArrival = now
        guard id > 0, id <= Self.largestID else { return }
        let index = Int(id)
        if index >= counts.count {
            counts.append(contentsOf: repeatElement(0, count: max(index + 1, counts.count * 2) - counts.count))
        }
        if counts[index] == 0 {
            distinct += 1
            if start > 0, start <= now { latencies.record(now - start) }
        }
        if counts[index] < .max { counts[index] += 1 }
    }

    /// Ids of these ranges that have not arrived.
    func missing(of expected: [ClosedRange<Int>]) -> IDSample {
        var sample = IDSample()
        for id in expected.joined() where id >= counts.count || counts[id] == 0 { sample.add(id) }
        return sample
    }

    /// Ids that have arrived more than once.
    func doubled() -> IDSample {
        var sample = IDSample()
        for (id, count) in counts.enumerated() where count > 1 { sample.add(id) }
        return sample
    }
}
