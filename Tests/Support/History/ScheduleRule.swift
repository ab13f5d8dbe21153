import Pipeline

/// I1 and I9 for scheduled messages: each that was acknowledged ends once in its topic's log, or is deleted by a hand; none
/// is released before its time, nor before one of its topic that is due earlier.
struct ScheduleRule: HistoryRule {
    private struct Acknowledged {
        var topic: Int64
        var digest: PayloadDigest
    }

    private struct Place: Comparable {
        var dueAt: Duration
        var id: Int64

        static func < (left: Place, right: Place) -> Bool { (left.dueAt, left.id) < (right.dueAt, right.id) }
    }

    private(set) var violations: [Violation] = []
    private var acknowledged: [Int64: Acknowledged] = [:]
    private var accepted: Set<Int64> = []
    private var dueAt: [Int64: Duration] = [:]
    /// Durable and not released, by topic.
    private var waiting: [Int64: Set<Int64>] = [:]
    /// Someone has asked for their deletion: it may have happened at any time since.
    private var asked: Set<Int64> = []
    private var deleted: Set<Int64> = []
    /// By the clean-up, from the log.
    private var removed: Set<Int64> = []
    /// By scheduled message.
    private var released: [Int64: Int64] = [:]

    mutating func see(_ event: History.Event) {
        switch event {
        case .accepted(let id, _, _, _):
            accepted.insert(id)
        case .scheduled(let id, let topic, let digest, let time):
            if acknowledged.updateValue(Acknowledged(topic: topic, digest: digest), forKey: id) != nil {
                report(.i1, "two scheduled messages were answered with the id \(id)")
            }
            dueAt[id] = time
        case .kept(let id, let topic, let time, _):
            dueAt[id] = time
            waiting[topic, default: []].insert(id)
        case .unscheduling(let id):
            asked.insert(id)
        case .unscheduled(let id):
            deleted.insert(id)
            if released[id] != nil { report(.i1, "scheduled message \(id) was released, and then deleted") }
        case .removed(_, let id, _, _):
            removed.insert(id)
        case .released(let id, let topic, let message, let time):
            release(id, topic, message, time)
        default:
            break
        }
    }

    private mutating func release(_ id: Int64, _ topic: Int64, _ message: Int64, _ time: Duration) {
        if released.updateValue(message, forKey: id) != nil {
            report(.i1, "scheduled message \(id) was released twice")
        }
        if deleted.contains(id) { report(.i1, "scheduled message \(id) was deleted, and then released") }
        waiting[topic]?.remove(id)
        guard let due = dueAt[id] else { return }
        if due > time { report(.i9, "scheduled message \(id) was released \(due - time) before its time") }
        let earlier = (waiting[topic] ?? []).subtracting(asked).filter { other in
            dueAt[other].map { Place(dueAt: $0, id: other) < Place(dueAt: due, id: id) } ?? false
        }
        if let other = earlier.min() {
            report(.i9, "scheduled message \(id) was released before \(other), which is due earlier")
        }
    }

    mutating func finish(_ final: History.Final?) {
        guard let final, let scheduled = final.scheduled else { return }
        for (id, message) in acknowledged.sorted(by: { $0.key < $1.key }) {
            judge(id, message, scheduled[id], final)
        }
        let messages = scheduled.values.compactMap(\.release?.messageID)
        if Set(messages).count != messages.count { report(.i1, "two scheduled messages were released as one") }
        // What was scheduled, and nobody has sent besides, is there by its release only.
        let digests = Set(acknowledged.values.map(\.digest))
        let known = accepted.union(messages)
        for log in final.logs.values {
            for (id, digest) in log.messages where digests.contains(digest) && !known.contains(id) {
                report(.i1, "message \(id) was scheduled as another one, and is in the log once more")
            }
        }
    }

    private mutating func judge(
        _ id: Int64,
        _ message: Acknowledged,
        _ stored: ScheduledMessage?,
        _ final: History.Final
    ) {
        guard let stored else {
            // The row of one that was released goes with its message.
            let isRemoved = released[id].map { removed.contains($0) } ?? false
            if !asked.contains(id), !isRemoved {
                report(.i1, "scheduled message \(id) was answered with 201 and is not in the store")
            }
            return
        }
        if deleted.contains(id) { report(.i1, "scheduled message \(id) was deleted, and is in the store") }
        if let release = stored.release {
            if !removed.contains(release.messageID),
                final.logs[message.topic]?.messages[release.messageID] != message.digest
            {
                report(.i1, "scheduled message \(id) was released as \(release.messageID), which is not in the log")
            }
        } else if final.isDrained {
            report(.i1, "scheduled message \(id) was never released")
        }
    }

    private mutating func report(_ invariant: Invariant, _ sentence: String) {
        violations.append(Violation(invariant: invariant, sentence: sentence))
    }
}
