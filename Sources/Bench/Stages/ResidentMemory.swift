import Foundation

/// What the process has in memory, and how much that grows while very many events flow.
enum ResidentMemory {
    static var bytes: Int {
        let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// The growth between a first part of a flow, which warms everything up, and a whole one; at least zero.
    static func growth(over events: Int, through flow: StageFlow) async throws -> Int {
        _ = try await flow.rate(events: events / 10)
        let before = bytes
        _ = try await flow.rate(events: events)
        return max(0, bytes - before)
    }
}
