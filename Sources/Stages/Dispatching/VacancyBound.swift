/// What happens to events of a partition that has no consumer.
public enum VacancyBound: Sendable, Equatable {
    /// They wait, however many they are, and are counted as delivered: when they have used up all demand, nothing
    /// moves until the partition has a consumer. The default, as in GenStage.
    case keepAll
    /// So many of them wait, the oldest go; they use up nobody's demand, so the other partitions go on.
    case keepLast(Int)
}
