/// What the benchmark says to its sink, one JSON line each; every line is answered by one.
enum SinkRequest: Codable {
    /// Forget what has arrived.
    case reset
    /// What has arrived since the reset, and which of these ids have not.
    case report(expected: [ClosedRange<Int>])
}

/// What a sink says, one JSON line each. It begins with `listening`.
enum SinkReply: Codable {
    case listening(port: Int)
    case empty
    case report(SinkReport)
}

/// Times are nanoseconds of the machine's monotonic clock, which all processes share.
struct SinkReport: Codable {
    var requests: Int
    var distinct: Int
    var bytes: Int
    var firstArrival: UInt64
    var lastArrival: UInt64
    /// Of the ids that were asked for.
    var missing: IDSample
    /// Empty also when no ids were asked for.
    var doubled: IDSample
    /// Processor time of the sink since the reset.
    var processorTime: UInt64
    var latency: Latency
    /// Open right now.
    var connections: Int

    struct Latency: Codable {
        var count: Int
        var p50: UInt64
        var p99: UInt64
        var p999: UInt64
        var max: UInt64
    }
}
