/// A notice that waits for events which a dispatcher holds in several queues.
@usableFromInline
struct HeldNotice: Sendable {
    let notice: Notice
    /// How many events are before it, in each queue that has any.
    private(set) var ahead: [(queue: SubscriptionID, count: Int)]

    init(notice: @escaping Notice, ahead: [(SubscriptionID, Int)]) {
        self.notice = notice
        self.ahead = ahead
    }

    mutating func pass(_ count: Int, of queue: SubscriptionID) {
        guard let index = ahead.firstIndex(where: { $0.queue == queue }) else { return }
        ahead[index].count -= count
        if ahead[index].count <= 0 { ahead.remove(at: index) }
    }

    mutating func forget(_ isGone: (SubscriptionID) -> Bool) {
        ahead.removeAll { isGone($0.queue) }
    }
}
