/// What came of asking an origin, for people.
package struct RecoveryStatus: Sendable, Equatable {
    /// When the last round with it ended; nil before the first.
    package var lastAt: Timestamp?
    /// What went wrong in that round, or why the first of its entries had to be left there; nil when all was well.
    package var lastError: String?
    /// Messages that were taken from it since this node's start.
    package var recovered: Int
    /// Entries that were listed last and had to be left there.
    package var left: Int

    package init(lastAt: Timestamp? = nil, lastError: String? = nil, recovered: Int = 0, left: Int = 0) {
        self.lastAt = lastAt
        self.lastError = lastError
        self.recovered = recovered
        self.left = left
    }
}
