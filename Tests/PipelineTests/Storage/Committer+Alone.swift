@testable import Pipeline

extension Committer {
    /// One that tells nobody what it has committed.
    convenience init(alone store: any MessageStore) {
        self.init(
            store: store,
            clock: ContinuousClock(),
            intakeBytes: 1 << 30,
            logger: .silent,
            committed: { _, _, _ in },
            uncertain: { _ in }
        )
    }
}
