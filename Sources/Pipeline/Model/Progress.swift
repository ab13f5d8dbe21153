/// How far a publisher has come in its topic's log: absolute values, so that writing them twice changes nothing.
///
/// The *cursor* is the lowest hole less one, or `high` when there is no hole: everything up to it has left the log for
/// this publisher. The idea is that of Apache Pulsar's managed cursor and Kafka's consumer offset.
package struct Progress: Sendable, Equatable {
    /// The fencing token of whoever owns the publisher. Raised at each start of its tree.
    package var epoch: Int64
    /// The highest id that has left the log for this publisher.
    package var high: Int64
    /// Ids of the topic below `high` that have not left, in ascending order.
    package var holes: [Int64]
    /// Messages that have left, counting those that were removed or received before the publisher's start.
    package var leftCount: Int64
    package var delivered: Int64
    package var discarded: Int64
    package var lastDeliveredAt: Timestamp?
    /// Deliveries of messages that had left before.
    package var replayed: Int64
    /// When the target accepted a message last, a replayed one too.
    package var lastSuccessAt: Timestamp?
    /// nil: closed, as it is nearly always.
    package var circuit: CircuitRecord?
    /// The range that is being delivered once more; nil: none.
    package var replay: ReplayRecord?

    package init(
        epoch: Int64 = 0,
        high: Int64 = 0,
        holes: [Int64] = [],
        leftCount: Int64 = 0,
        delivered: Int64 = 0,
        discarded: Int64 = 0,
        lastDeliveredAt: Timestamp? = nil,
        replayed: Int64 = 0,
        lastSuccessAt: Timestamp? = nil,
        circuit: CircuitRecord? = nil,
        replay: ReplayRecord? = nil
    ) {
        self.epoch = epoch
        self.high = high
        self.holes = holes
        self.leftCount = leftCount
        self.delivered = delivered
        self.discarded = discarded
        self.lastDeliveredAt = lastDeliveredAt
        self.replayed = replayed
        self.lastSuccessAt = lastSuccessAt
        self.circuit = circuit
        self.replay = replay
    }

    package var cursor: Int64 { holes.first.map { $0 - 1 } ?? high }
}
