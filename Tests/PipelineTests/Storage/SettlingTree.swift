import Pipeline
import TestSupport

/// Settles as a publisher's tree does: absolute progress, several settlements under way, in order.
actor SettlingTree {
    private let publisher: Int64
    private let committer: Committer
    private var left: Int64 = 0

    init(publisher: Int64, committer: Committer) {
        self.publisher = publisher
        self.committer = committer
    }

    func leave() async throws {
        left += 1
        try await committer.settle(
            Settlement(
                publisher: publisher,
                progress: Progress(high: left, leftCount: left),
                parked: [.some(left)]
            )
        )
    }
}
