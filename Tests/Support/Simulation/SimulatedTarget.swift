package import Pipeline
import StagesTesting

/// A simulated process's way to the receivers, cut by the kill of the process.
package struct SimulatedTarget: Target {
    let receivers: Receivers
    let life: SimulatedLife
    let recorder: HistoryRecorder
    let clock: ManualClock
    let defect: SimulatedDefect

    package func deliver(_ delivery: Delivery) async -> [Outcome] {
        let publisher = delivery.publisher.id
        guard life.cross() else { return delivery.messages.map { _ in .returned(.zero) } }
        for id in delivery.messages {
            recorder.record(.attemptStarted(publisher: publisher, id: id, at: recorder.now))
        }
        let begin = clock.now.offset
        var outcomes: [Outcome] = []
        for (index, id) in delivery.messages.enumerated() {
            var delivery = delivery
            if !delivery.batch.isEmpty { delivery.body = delivery.batch[index].payload }
            let reaction = receivers.receiver(at: delivery.publisher.settings.target).react(to: id, at: begin)
            outcomes.append(defect.outcome(await outcome(of: reaction, id, delivery, begin)))
        }
        if !life.isDead {
            for id in delivery.messages { recorder.record(.attemptEnded(publisher: publisher, id: id)) }
        }
        return outcomes
    }

    private func outcome(
        of reaction: Reaction,
        _ id: Int64,
        _ delivery: Delivery,
        _ begin: Duration
    ) async -> Outcome {
        let limit = Duration.seconds(delivery.publisher.settings.secondsTimeout)
        let isTooLate = reaction.after.map { $0 > limit } ?? true
        // An aborted sleep is seen by what it was aborted with.
        try? await clock.sleep(for: isTooLate ? limit : reaction.after ?? limit)
        let duration = clock.now.offset - begin
        guard !Task.isCancelled, life.cross() else { return .returned(duration) }
        if isTooLate {
            // The receiver may have it all the same.
            arrived(id, delivery, succeeded: false)
            return .failed(nil, "timed out after \(delivery.publisher.settings.secondsTimeout) s", duration)
        }
        switch reaction.answer {
        case .broken(let what):
            arrived(id, delivery, succeeded: false)
            return .failed(nil, what, duration)
        case .status(let status, let retryAfter):
            arrived(id, delivery, succeeded: status < 300)
            return Outcome(
                result: .of(status: status),
                status: status,
                error: status < 300 ? nil : "the target answered with status \(status)",
                duration: duration,
                retryAfter: retryAfter
            )
        }
    }

    /// - Parameter succeeded: whether the process gets to know it.
    private func arrived(_ id: Int64, _ delivery: Delivery, succeeded: Bool) {
        recorder.arrived(id, at: delivery.publisher.id, payload: delivery.body, succeeded: succeeded)
    }
}

extension Outcome {
    fileprivate static func returned(_ duration: Duration) -> Outcome {
        Outcome(result: .returned, error: "aborted", duration: duration)
    }

    fileprivate static func failed(_ status: Int?, _ what: String, _ duration: Duration) -> Outcome {
        Outcome(result: .failed, status: status, error: what, duration: duration)
    }
}

extension Attempt.Result {
    /// As `HTTPTarget` has it.
    fileprivate static func of(status: Int) -> Attempt.Result {
        switch status {
        case 200..<300: .delivered
        case 408, 425, 429, 500...: .failed
        default: .refused
        }
    }
}
