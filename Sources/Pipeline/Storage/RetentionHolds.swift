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
