import Synchronization

/// Which publishers somebody is dropping messages of, or letting dead ones live again: only then may that happen.
package final class HandsAtWork: Sendable {
    package enum Work: Hashable, Sendable {
        case discarding(publisher: Int64)
        case reviving(publisher: Int64)
    }

    private let counts = Mutex<[Work: Int]>([:])

    package init() {}

    package func during<Result>(_ work: [Work], _ body: () async throws -> Result) async rethrows -> Result {
        counts.withLock { counts in for work in work { counts[work, default: 0] += 1 } }
        defer { counts.withLock { counts in for work in work { counts[work, default: 0] -= 1 } } }
        return try await body()
    }

    func isUnderWay(_ work: Work) -> Bool {
        counts.withLock { $0[work, default: 0] > 0 }
    }
}
