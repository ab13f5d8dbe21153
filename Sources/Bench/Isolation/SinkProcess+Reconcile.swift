extension SinkProcess {
    /// Checks what has arrived since the reset against what the server says it has delivered, of one publisher that was
    /// paused a few times: what was under way then has arrived or not, and arrives once more later.
    /// - Throws: `BenchError.unaccounted`
    func reconcile(_ run: String, delivered: Int, maxDemand: Int, pauses: Int) async throws {
        let report = try await report()
        let distinct = delivered...delivered + maxDemand
        guard distinct.contains(report.distinct), report.requests - report.distinct <= maxDemand * pauses else {
            throw BenchError.unaccounted(
                run,
                delivered: delivered,
                arrived: report.distinct,
                repeated: report.requests - report.distinct
            )
        }
    }
}
