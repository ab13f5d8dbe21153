/// What an outlet does with events that nobody has asked for.
public enum BufferPolicy: Sendable, Equatable {
    /// As the kind of stage has it: the last 10,000 for a producer, no limit for a producer-consumer.
    case standard
    /// Keep so many; when full the oldest go.
    case keepLast(Int)
    /// Keep so many; when full the newest go.
    case keepFirst(Int)
    /// Keep all.
    case unlimited
}
