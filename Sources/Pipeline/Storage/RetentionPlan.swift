/// What keeps messages of one topic, all of one moment: a value that all stores decide by.
package struct RetentionHolds: Sendable {
    /// One live publisher.
    package struct Reader: Sendable {
        var publisher: Int64
        /// Everything up to it has left the log.
        var cursor: Int64
        /// What is delivered once more.
        var replay: ClosedRange<Int64>?

        package init(publisher: Int64, cursor: Int64, _ replay: ReplayRecord? = nil) {
            self.publisher = publisher
            self.cursor = cursor
            self.replay = replay.flatMap { $0.fromID <= $0.toID ? $0.fromID...$0.toID : nil }
        }
    }

    package struct Row: Sendable {
        var publisher: Int64
        var isDead: Bool

        package init(publisher: Int64, isDead: Bool) {
            self.publisher = publisher
            self.isDead = isDead
        }
    }

    var readers: [Reader]
    /// Of live publishers, by message.
    package var rows: [Int64: Row] = [:]
    /// Messages received then or later are too young.
    var cutoff: Timestamp

    package init(readers: [Reader], cutoff: Timestamp) {
        self.readers = readers
        self.cutoff = cutoff
    }

    /// The first thing that keeps the message; nil: nothing does.
    package func hold(of entry: LogEntry) -> RetentionHold? {
        if let reader = readers.first(where: { $0.cursor < entry.id }) { return .pending(publisher: reader.publisher) }
        if let row = rows[entry.id] {
            return row.isDead ? .dead(publisher: row.publisher) : .parked(publisher: row.publisher)
        }
        if let reader = readers.first(where: { $0.replay?.contains(entry.id) == true }) {
            return .replay(publisher: reader.publisher)
        }
        return entry.receivedAt < cutoff ? nil : .age
    }
}

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
