/// How a producer hands its events to its consumers.
public enum Dispatching<Event: Sendable>: Sendable {
    /// Each event to one consumer, the one with the most demand first. The default.
    case demand
    case custom(any Dispatcher<Event>)
}

extension Dispatching {
    /// Each event to one consumer.
    ///
    /// - Parameters:
    ///   - expectedMaximum: A consumer that asks for more at a time is served, and a warning logged.
    ///   - random: Puts the consumers in a random order before the first dispatch, so that of several producers with the
    ///     same consumers not all begin with the same one.
    @inlinable
    public static func demand(
        expectedMaximum: Int?,
        shuffledBy random: (any RandomNumberGenerator & Sendable)? = nil
    ) -> Dispatching {
        .custom(DemandDispatcher<Event>(expectedMaximum: expectedMaximum, random: random))
    }

    /// Every event to every consumer, as fast as the slowest of them unless there is a bound.
    @inlinable
    public static func broadcast(_ bound: BroadcastBound = .holdBack) -> Dispatching {
        .custom(BroadcastDispatcher<Event>(bound: bound))
    }

    /// Each event to the consumer of its partition, one of `count`.
    ///
    /// - Parameters:
    ///   - count: How many partitions there are.
    ///   - vacancy: How much waits for a partition that has no consumer.
    ///   - number: The number of an event's partition, from zero; `nil` drops the event. Called under a lock, so it
    ///     touches no stage. For a key that is a string see ``Partition/number(of:count:)``.
    @inlinable
    public static func partitions(
        _ count: Int,
        vacancy: VacancyBound = .keepAll,
        by number: @escaping @Sendable (Event) -> Int?
    ) -> Dispatching {
        .custom(PartitionDispatcher<Event>(count: count, vacancy: vacancy, by: number))
    }

    /// Each event to the consumer of its partition, one of those named.
    @inlinable
    public static func partitions(
        _ partitions: [Partition],
        vacancy: VacancyBound = .keepAll,
        by partition: @escaping @Sendable (Event) -> Partition?
    ) -> Dispatching {
        .custom(PartitionDispatcher<Event>(partitions, vacancy: vacancy, by: partition))
    }
}
