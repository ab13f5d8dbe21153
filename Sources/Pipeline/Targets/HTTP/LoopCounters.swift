import Synchronization

/// What an event loop has under way, for whoever wants to look.
final class LoopCounters: Sendable {
    private let transfers = Atomic(0)
    private let handles = Atomic(0)
    private let lookUps = Atomic(0)

    var counts: CurlCounts {
        CurlCounts(
            transfers: transfers.load(ordering: .relaxed),
            handles: handles.load(ordering: .relaxed),
            lookUps: lookUps.load(ordering: .relaxed)
        )
    }

    func handleWasMade() {
        handles.add(1, ordering: .relaxed)
    }

    func handleWasFreed() {
        handles.subtract(1, ordering: .relaxed)
    }

    func update(transfers: Int, lookUps: Int) {
        self.transfers.store(transfers, ordering: .relaxed)
        self.lookUps.store(lookUps, ordering: .relaxed)
    }
}
