/// What is brought, counted for the report.
struct ImportTally {
    private struct Count {
        var waiting = 0
        var later = 0
        var scheduled = 0
    }

    private var counts: [String: Count] = [:]
    /// Rows that are left, by the reason.
    var left: [String: Int] = [:]

    mutating func count(_ messages: Int, for recipient: String, isScheduled: Bool, dueAt: Timestamp, _ now: Timestamp) {
        if isScheduled {
            counts[recipient, default: Count()].scheduled += messages
        } else if dueAt > now {
            counts[recipient, default: Count()].later += messages
        } else {
            counts[recipient, default: Count()].waiting += messages
        }
    }

    var lines: [String] {
        let brought = counts.sorted { $0.key < $1.key }.map { name, count in
            let parts = [
                (count.waiting, "due now"), (count.later, "to be tried again later"), (count.scheduled, "scheduled"),
            ]
            let words = parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
            return "Undelivered to \(name): \(words)."
        }
        return brought + left.sorted { $0.key < $1.key }.map { "Left out, \($0.key): \($0.value)." }
    }
}
