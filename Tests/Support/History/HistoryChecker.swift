/// Judges recorded histories against the invariants that must hold at every instant, whatever is killed or cut off.
///
/// - I1: what was answered with 201 is in the store, also after a crash; and what was scheduled once is in the log once.
/// - I2: a message leaves a publisher's log only by a 2xx, by a hand, or into a row of its own.
///   The clean-up removes none that somebody needs.
/// - I3: progress never goes back, and never passes a message that has not left.
/// - I4: never more than `max_demand` unsettled; repeated are at most those, and only after a kill or crash.
/// - I6: the payload's bytes arrive as they were accepted.
/// - I7: the bytes held in memory stay within their budget.
/// - I8: in strict order no attempt starts before the message before it is over.
/// - I9: no attempt starts before it is due, while paused, or beside the probe of an open circuit; and nothing scheduled
///   is released before its time.
/// - I10: the counts of each publisher add up.
/// - I11: a publisher whose target is well gets its messages, whatever others do.
/// - I12: every message that is not delivered has one visible reason.
package enum HistoryChecker {
    /// - Returns: What is wrong, each in one sentence; nothing when the history is one of a correct post office.
    package static func violations(in history: History) -> [Violation] {
        var rules: [any HistoryRule] = [
            StorageRule(), LeavingRule(), ProgressRule(), DemandRule(), PayloadRule(), MemoryRule(), CountRule(),
            DelayRule(), RowRule(), OrderRule(), DueRule(), CircuitRule(), ReasonRule(),
            RemovalRule(), ScheduleRule(),
        ]
        for index in rules.indices {
            for event in history.events { rules[index].see(event) }
            rules[index].finish(history.final)
        }
        return rules.flatMap(\.violations)
    }
}

package struct Violation: Sendable, Equatable, CustomStringConvertible {
    package var invariant: Invariant
    package var sentence: String

    package var description: String { "\(invariant.rawValue): \(sentence)" }
}

package enum Invariant: String, Sendable {
    case i1 = "I1"
    case i2 = "I2"
    case i3 = "I3"
    case i4 = "I4"
    case i6 = "I6"
    case i7 = "I7"
    case i8 = "I8"
    case i9 = "I9"
    case i10 = "I10"
    case i11 = "I11"
    case i12 = "I12"
}

/// One invariant, as it is followed through a history.
protocol HistoryRule {
    var violations: [Violation] { get }
    mutating func see(_ event: History.Event)
    /// - Parameter final: What the store holds in the end; nil when nobody has looked.
    mutating func finish(_ final: History.Final?)
}
