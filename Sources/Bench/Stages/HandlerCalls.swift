import Stages
import Synchronization

/// Counts the events of all handler calls: the least that somebody who listens to stages does.
final class HandlerCalls: Telemetry {
    private let count = Atomic(0)

    var events: Int { count.load(ordering: .relaxed) }

    func record(_ event: TelemetryEvent, of stage: String) {
        if case .handlerStopped(let events, _) = event { count.wrappingAdd(events, ordering: .relaxed) }
    }
}
