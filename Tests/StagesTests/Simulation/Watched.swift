import Stages
import StagesTesting

/// A consumer that checks its windows whenever it handles something.
struct Watched: Sendable {
    let consumer: ProbeConsumer
    private let received = Recorder<Int>()
    private let problems = Recorder<String>()

    var events: [Int] { received.items }

    var problem: String? { problems.items.first }

    init() {
        let inlet = Inlet<Int>()
        consumer = ProbeConsumer(inlet) { [received, problems] events in
            for event in events { received.append(event) }
            if events != events.sorted() { problems.append("out of order: \(events)") }
            for window in inlet.windows {
                if window.outstanding > window.maxDemand || window.held + window.inHand > window.outstanding {
                    problems.append("demand exceeded: \(window)")
                }
                if events.count > window.maxDemand - window.minDemand {
                    problems.append("\(events.count) events at once: \(window)")
                }
            }
            await Task.yield()
        }
    }
}
