/// What a committer has done since it was made, and what waits in it.
package struct CommitterStatistics: Sendable, Equatable {
    /// Transactions that were committed.
    package var batches = 0
    /// Transactions that failed as a whole.
    package var failures = 0
    /// Appends and settlements that were stored; merged settlements count as one.
    package var members = 0
    /// Messages that were stored.
    package var messages = 0
    /// What the messages that wait or are being written count for, in bytes.
    package var waitingBytes = 0
    /// Publishers with settlements that wait or are being written.
    package var waitingSettlements = 0

    package init() {}
}
