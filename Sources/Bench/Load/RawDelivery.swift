/// The yardstick for deliveries: a raw libcurl loop that sends what a courier sends, to the same sink.
struct RawDelivery {
    static let name = "raw libcurl loop"

    let sink: SinkProcess
    let maxDemand: Int
    let payloadBytes: Int

    /// - Throws: `BenchError` also when a message was lost or arrived twice.
    func run(_ messages: Int) async throws -> DeliveryRun {
        try await sink.reset()
        let request = LoadRequest.delivery(to: sink.url, payload: Payload(length: payloadBytes))
        let load = await LoadLoop.run(request, connections: maxDemand, FixedLoad(count: messages))
        if let problem = load.problem { throw BenchError.unexpectedAnswer("a delivery of the \(Self.name)", problem) }
        let report = try await sink.arrivals(of: [1...messages], in: Self.name)
        return DeliveryRun(messages: messages, began: load.firstSent, report: report)
    }
}

/// How fast messages arrived at a sink, from the moment that let them go.
struct DeliveryRun {
    /// Messages a second.
    var rate: Double
    /// Processor time of the sink as a part of that time.
    var sinkShare: Double

    init(messages: Int, began: UInt64, report: SinkReport) {
        let nanoseconds = Double(report.lastArrival - began)
        rate = Double(messages) * 1e9 / nanoseconds
        sinkShare = Double(report.processorTime) / nanoseconds
    }
}
