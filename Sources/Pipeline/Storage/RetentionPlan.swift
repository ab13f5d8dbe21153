/// Which messages of a slice go, and where the next slice begins.
package struct RetentionPlan: Sendable {
    package private(set) var removable: [Int64] = []
    /// nil: the topic is through.
    package private(set) var next: Int64?

    /// Pages of a long payload that count as one row more.
    private static let bytesOfARow = 4096

    /// - Parameters:
    ///   - entries: in order of their ids.
    ///   - limit: how many entries were asked for: fewer are the last ones.
    package init(_ entries: [LogEntry], limit: Int, _ holds: RetentionHolds) {
        let bound = holds.readers.map(\.cursor).min() ?? .max
        var room = limit
        var isTooYoung = true
        for entry in entries {
            // Cursors only go up, and nothing above the lowest is anybody's to remove.
            guard entry.id <= bound else {
                next = nil
                return
            }
            if entry.receivedAt < holds.cutoff { isTooYoung = false }
            if holds.hold(of: entry) == nil {
                guard room > 0 else { return }
                removable.append(entry.id)
                room -= 1 + entry.bytes / Self.bytesOfARow
            }
            next = entry.id
        }
        // Ids are in order of receipt but for those of one moment: behind a slice that is too young all are.
        if entries.count < limit || isTooYoung { next = nil }
    }
}
