/// What the node gives a publisher, as far as the publisher's own settings do not say it.
struct DeliveryLimits {
    /// In force for the publisher.
    var maxDemand: Int
    /// `CIRCUIT_THRESHOLD`.
    var circuitThreshold: Int
    /// `NOTICE_AFTER`.
    var noticeAfter: Duration
    /// Whether an attempt that delivered gets a history row (`ATTEMPT_HISTORY`).
    var keepsDeliveredAttempts: Bool
}
