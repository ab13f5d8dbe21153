/// The lock of a settlement that wants messages once more: no slice of the clean-up takes them away meanwhile.
///
/// After the topics, as whoever creates a publisher takes it.
enum ReplayLock {
    /// - Returns: nil when nothing is wanted once more.
    static func query(_ settlements: some Sequence<Settlement>) -> PostgresQuery? {
        let publishers = settlements.filter { settlement in
            settlement.progress.replay != nil || settlement.parked.contains { $0.isReplay }
        }.map(\.publisher)
        return publishers.isEmpty ? nil : lock(.ints(Set(publishers).sorted()))
    }

    private static let lock = PostgresStatement(
        "lock retention for replays",
        """
        SELECT 1 FROM retention
        WHERE topic_id IN (SELECT topic_id FROM publishers WHERE id = ANY ($1::int8[]))
        ORDER BY topic_id FOR SHARE
        """
    )
}
