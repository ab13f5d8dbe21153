import Testing

/// What happened in a test, as it is seen from outside, and the judgement on it.
final class Chronicle: Sendable {
    struct Events: Sendable {
        /// The payloads of acknowledged messages, by id.
        var accepted: [Int: String] = [:]
        /// Payloads whose POST got no answer: they may have been stored or not.
        var uncertain: Set<String> = []
        var kills = 0
    }

    private let events = Watched(Events())

    var acceptedIDs: [Int] { events.value.accepted.keys.sorted() }

    func accepted(_ id: Int, _ payload: String) {
        let earlier = events.change { $0.accepted.updateValue(payload, forKey: id) }
        #expect(earlier == nil, "id \(id) was given twice")
    }

    func uncertain(_ payload: String) {
        events.change { _ = $0.uncertain.insert(payload) }
    }

    func killed() {
        events.change { $0.kills += 1 }
    }

    /// Waits until so many messages have been acknowledged.
    func accepted(_ count: Int) async throws {
        try await events.wait { $0.accepted.count >= count }
    }

    /// The one place where a whole history is judged: call it when nothing is under way any more.
    ///
    /// - Parameter repeats: how many deliveries of one receiver a kill may repeat at most, which is max_demand.
    func judge(_ receivers: [Receiver], repeats: Int) {
        let events = events.value
        for receiver in receivers {
            let delivered = receiver.delivered
            let lost = events.accepted.keys.filter { delivered[$0] == nil }.sorted()
            #expect(lost.isEmpty, "acknowledged, but never arrived at \(receiver.url)")
            #expect(receiver.duplicates <= events.kills * repeats, "arrived more often than kills explain")
            for arrival in receiver.arrivals {
                if let payload = events.accepted[arrival.messageID] {
                    if arrival.text != payload { Issue.record("\(arrival.messageID) arrived changed: \(arrival.text)") }
                } else if !events.uncertain.contains(arrival.text) {
                    Issue.record("\(arrival.messageID) was never sent: \(arrival.text)")
                }
            }
        }
    }
}
