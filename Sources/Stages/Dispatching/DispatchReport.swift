/// What a dispatcher tells its outlet apart from deliveries.
public enum DispatchReport: Sendable {
    /// So many events went over a bound and are lost.
    case dropped(Int)
    /// A consumer is to be dropped, for this reason.
    case evicted(SubscriptionID, any Error)
    /// All events before a notice have left.
    case passed(Notice)
}
