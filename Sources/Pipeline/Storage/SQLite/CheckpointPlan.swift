/// Decides when the write-ahead log is copied into the database file, and by whom.
///
/// Every `interval` pages a passive checkpoint runs on a connection of its own, beside the commits. Under a load that
/// never pauses it cannot catch up with the writer, and the log only starts over when all of it has been copied. So
/// once it holds `limit` pages the writer copies, between two commits, the little that came in during the checkpoint
/// beside it.
struct CheckpointPlan: Sendable {
    enum Action: Equatable {
        case none
        /// Run a passive checkpoint beside the writer, then call `checkpointed`.
        case start
        /// Run a passive checkpoint on the writer's own connection, before its next commit.
        case finish
    }

    let interval: Int
    let limit: Int
    private var next: Int
    private var isUnderWay = false
    private var isFinishDue = false

    /// - Parameters:
    ///   - interval: Pages between two checkpoints beside the writer.
    ///   - limit: Pages from which on the writer helps.
    init(interval: Int = 4000, limit: Int = 16_000) {
        self.interval = interval
        self.limit = limit
        next = interval
    }

    /// A commit has left the log with this many pages.
    mutating func committed(pages: Int) -> Action {
        if pages < interval {
            // The log has started over.
            next = interval
            isFinishDue = false
            return .none
        }
        if isUnderWay { return .none }
        if isFinishDue {
            isFinishDue = false
            next = pages + interval
            return .finish
        }
        guard pages >= next else { return .none }
        isUnderWay = true
        next = pages + interval
        return .start
    }

    /// The checkpoint beside the writer is through; the log holds this many pages by now.
    mutating func checkpointed(pages: Int) {
        isUnderWay = false
        isFinishDue = pages >= limit
    }
}
