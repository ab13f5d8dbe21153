/// Whom the failures of a publisher are held against: a pure state machine.
///
/// *Closed*: what failed is parked, and counted. When the target seems to be unwell, or to want nothing at all, the
/// circuit opens. *Open*: nothing is demanded but one probe at a time, each with another waiting message, at growing
/// distances. *Closed again*: the window is 1, 2, 4 … until it is full, so that a receiver that has just come back is not
/// stampeded. (The circuit breaker is Michael Nygard's, "Release It!"; the slow start is that of TCP.)
struct Circuit: Equatable {
    /// What is to be kept of it: nil when it is closed, as it is nearly always.
    private(set) var record: CircuitRecord?
    /// How often it has opened. An attempt that began under a lower number was under way when it did.
    private(set) var openings = 0
    /// How many messages may be out while it closes; nil: as many as the publisher may have.
    private(set) var window: Int?
    /// Settled without a failure of the target in this window.
    private var clean = 0
    /// Messages whose failure of the target is one of those in a row.
    private var failing: Set<Int64> = []
    /// Failures of the target in a row, of whichever messages.
    private(set) var failures = 0
    private var refusing: Set<Int64> = []
    /// What opened it last.
    private var lastCause: CircuitRecord.Cause?
    /// The message that is out as a probe.
    private(set) var probe: Int64?

    init(_ record: CircuitRecord? = nil) {
        self.record = record
        lastCause = record?.cause
        // It was closing: from the beginning again.
        if let record, !record.isOpen { window = 1 }
        if record != nil { openings = 1 }
    }

    var isOpen: Bool { record?.isOpen == true }

    /// When the next probe may go; nil while one is out, and when the circuit is closed.
    var nextProbeAt: Timestamp? { isOpen && probe == nil ? record?.nextProbeAt : nil }

    /// Where an attempt stands that starts now.
    struct Mark: Equatable {
        var openings: Int
        var isProbe: Bool
    }

    func mark(of message: Int64) -> Mark {
        Mark(openings: openings, isProbe: isOpen && probe == message)
    }

    // MARK: Probing

    /// The message is on its way as the next probe.
    mutating func sendProbe(_ message: Int64) {
        probe = message
        record?.probedID = message
    }

    /// The probe was dropped before it was sent.
    mutating func dropProbe() {
        probe = nil
    }

    /// Something has changed that may help: the next probe is due now.
    mutating func probeNow(_ now: Timestamp) {
        guard isOpen else { return }
        record?.nextProbeAt = now
    }

    // MARK: Judging

    enum Judgement: Equatable {
        /// It counts for its message as it is.
        case counts
        /// It says nothing of its message: the message stays where it was, with the attempts it had.
        case returned
    }

    enum Change: Equatable {
        case opened
        /// The record is that of the time before.
        case closed(CircuitRecord)
    }

    /// Enters the outcome of an attempt.
    ///
    /// - Parameter hold: What the target asked to be left alone for, with status 429 or 503.
    mutating func judge(
        _ outcome: Outcome,
        of message: Int64,
        _ mark: Mark,
        hold: Duration?,
        rules: CircuitRules,
        now: Timestamp
    ) -> (judgement: Judgement, change: Change?) {
        if mark.isProbe, probe == message { probe = nil }
        switch outcome.result {
        case .returned, .discarded:
            return (.returned, nil)
        case .delivered:
            if isOpen { return mark.isProbe ? close(rules) : (.counts, nil) }
            reset()
            progress(rules)
        case .refused:
            if isOpen { return refusedWhileOpen(mark, rules, now) }
            if mark.openings < openings, lastCause == .refusals { return (.returned, nil) }
            return (.counts, refused(message, outcome, rules, now))
        case .failed:
            if isOpen { return failedWhileOpen(mark, hold, rules, now) }
            if mark.openings < openings, lastCause == .target { return (.returned, nil) }
            return (.counts, failed(message, outcome, hold, rules, now))
        }
        return (.counts, nil)
    }

    // MARK: Closed

    private mutating func refused(
        _ message: Int64,
        _ outcome: Outcome,
        _ rules: CircuitRules,
        _ now: Timestamp
    ) -> Change? {
        failing = []
        failures = 0
        refusing.insert(message)
        guard refusing.count < rules.refusalThreshold else {
            return open(.refusals, outcome, after: nil, rules, now)
        }
        progress(rules)
        return nil
    }

    private mutating func failed(
        _ message: Int64,
        _ outcome: Outcome,
        _ hold: Duration?,
        _ rules: CircuitRules,
        _ now: Timestamp
    ) -> Change? {
        refusing = []
        failing.insert(message)
        failures += 1
        let count = rules.isStrict ? failures : failing.count
        guard window != nil || hold != nil || count >= rules.threshold else { return nil }
        return open(.target, outcome, after: hold, rules, now)
    }

    private mutating func reset() {
        failing = []
        failures = 0
        refusing = []
    }

    /// One more in a window that grows.
    private mutating func progress(_ rules: CircuitRules) {
        guard let size = window else { return }
        clean += 1
        guard clean >= size else { return }
        clean = 0
        window = size * 2
        finish(rules)
    }

    private mutating func finish(_ rules: CircuitRules) {
        guard let size = window, size >= rules.maxDemand else { return }
        window = nil
        record = nil
    }

    private mutating func open(
        _ cause: CircuitRecord.Cause,
        _ outcome: Outcome,
        after hold: Duration?,
        _ rules: CircuitRules,
        _ now: Timestamp
    ) -> Change {
        // Opened again while it was closing: with the last delay.
        let step = record?.step ?? 0
        record = CircuitRecord(
            isOpen: true,
            cause: cause,
            detail: outcome.error,
            openedAt: now,
            nextProbeAt: now.advanced(by: hold ?? rules.delay(step: step)),
            step: step,
            probedID: record?.probedID ?? 0
        )
        lastCause = cause
        openings += 1
        window = nil
        clean = 0
        reset()
        return .opened
    }

    // MARK: Open

    private mutating func refusedWhileOpen(
        _ mark: Mark,
        _ rules: CircuitRules,
        _ now: Timestamp
    ) -> (Judgement, Change?) {
        if record?.cause == .target { return mark.isProbe ? close(rules) : (.counts, nil) }
        if mark.isProbe { grow(nil, rules, now) }
        return (.returned, nil)
    }

    private mutating func failedWhileOpen(
        _ mark: Mark,
        _ hold: Duration?,
        _ rules: CircuitRules,
        _ now: Timestamp
    ) -> (Judgement, Change?) {
        if mark.isProbe {
            grow(hold, rules, now)
            return (.returned, nil)
        }
        guard record?.cause == .target else { return (.counts, nil) }
        if let hold, let probeAt = record?.nextProbeAt {
            record?.nextProbeAt = max(probeAt, now.advanced(by: hold))
        }
        return (.returned, nil)
    }

    private mutating func grow(_ hold: Duration?, _ rules: CircuitRules, _ now: Timestamp) {
        guard var record else { return }
        if !rules.isLongest(step: record.step) { record.step += 1 }
        record.nextProbeAt = now.advanced(by: hold ?? rules.delay(step: record.step))
        self.record = record
    }

    private mutating func close(_ rules: CircuitRules) -> (Judgement, Change?) {
        guard let before = record else { return (.counts, nil) }
        record?.isOpen = false
        window = 1
        clean = 0
        reset()
        finish(rules)
        return (.counts, .closed(before))
    }

    // MARK: Notices

    /// When a notice that it is open is due; nil when it is not open, or the notice has been given.
    func noticeAt(_ noticeAfter: Duration) -> Timestamp? {
        guard let record, record.isOpen, !record.isNoticed else { return nil }
        return record.openedAt.advanced(by: noticeAfter)
    }

    mutating func setNoticed() {
        record?.isNoticed = true
    }
}
