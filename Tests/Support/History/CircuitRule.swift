import Pipeline

/// I9: while the circuit is open nothing is sent but one probe at a time, and that not before its time. The times of the
/// history are those of the calendar.
struct CircuitRule: HistoryRule {
    private struct Traces {
        var openedAt: Timestamp
        /// The stored record says that it is open until then.
        var nextProbeAt: Timestamp?
        /// Sent since it is open, and not answered.
        var probes: Set<Int64> = []
    }

    private(set) var violations: [Violation] = []
    private var publishers: [Int64: Traces] = [:]
    /// How many probes may go before their time because somebody wanted it.
    private var prods: [Int64: Int] = [:]

    mutating func see(_ event: History.Event) {
        switch event {
        case .observed(let publisher, let stored):
            observed(publisher, stored.progress.circuit)
        case .prodded(let publisher):
            prods[publisher, default: 0] += 1
        case .attemptStarted(let publisher, let id, let time):
            started(publisher, id, Timestamp(milliseconds: 0).advanced(by: time))
        case .attemptEnded(let publisher, let id):
            publishers[publisher]?.probes.remove(id)
        case .unsubscribed(let publisher):
            publishers[publisher] = nil
        case .crashed(let publisher):
            publishers[publisher]?.probes = []
        case .killed, .stopped:
            for publisher in publishers.keys { publishers[publisher]?.probes = [] }
        default:
            break
        }
    }

    mutating func finish(_ final: History.Final?) {}

    private mutating func observed(_ publisher: Int64, _ circuit: CircuitRecord?) {
        guard let circuit, circuit.isOpen else {
            publishers[publisher] = nil
            return
        }
        var traces = publishers[publisher] ?? Traces(openedAt: circuit.openedAt)
        // Another opening: what is on its way from before is no probe.
        if traces.openedAt != circuit.openedAt { traces = Traces(openedAt: circuit.openedAt) }
        traces.nextProbeAt = circuit.nextProbeAt
        publishers[publisher] = traces
    }

    private mutating func started(_ publisher: Int64, _ id: Int64, _ time: Timestamp) {
        // What had begun at the instant of the opening is no probe.
        guard var traces = publishers[publisher], let nextProbeAt = traces.nextProbeAt, time > traces.openedAt else {
            return
        }
        if !traces.probes.isEmpty {
            report("message \(id) was sent to publisher \(publisher) beside the probe of an open circuit")
        } else if time < nextProbeAt {
            prods[publisher, default: 0] -= 1
            if prods[publisher, default: 0] < 0 {
                report(
                    "message \(id) was sent to publisher \(publisher), whose circuit is open, "
                        + "\(nextProbeAt.since(time)) before the next probe"
                )
            }
        }
        traces.probes.insert(id)
        publishers[publisher] = traces
    }

    private mutating func report(_ sentence: String) {
        violations.append(Violation(invariant: .i9, sentence: sentence))
    }
}
