/// What happens to demand on its way to a producer.
public enum DemandMode: String, Sendable, Codable {
    /// It is handed over as it comes.
    case forward
    /// It is collected, in order, until the mode is changed: for a producer that is to wait until all of its consumers
    /// have subscribed.
    case accumulate
}
