import Testing

@testable import Pipeline

/// The rules of the circuit, one after the other, on the state machine alone.
@Suite struct CircuitTests {
    private var circuit = Circuit()
    private var now = Timestamp(milliseconds: 1_000_000)
    private var rules: CircuitRules

    init() {
        rules = Self.rules()
    }

    static func rules(_ change: (inout PublisherSettings) -> Void = { _ in }, maxDemand: Int = 100) -> CircuitRules {
        var settings = PublisherSettings(target: "http://127.0.0.1:9/")
        change(&settings)
        return CircuitRules(settings, threshold: 10, maxDemand: maxDemand)
    }

    private mutating func judge(
        _ result: Attempt.Result,
        _ message: Int64,
        mark: Circuit.Mark? = nil,
        status: Int? = nil,
        hold: Duration? = nil
    ) -> (judgement: Circuit.Judgement, change: Circuit.Change?) {
        let outcome = Outcome(result: result, status: status, error: "as told", duration: .zero)
        return circuit.judge(
            outcome,
            of: message,
            mark ?? circuit.mark(of: message),
            hold: hold,
            rules: rules,
            now: now
        )
    }

    private mutating func open() {
        for message in 1...10 { _ = judge(.failed, Int64(message)) }
    }

    private mutating func probe(_ message: Int64, _ result: Attempt.Result) -> (Circuit.Judgement, Circuit.Change?) {
        circuit.sendProbe(message)
        return judge(result, message)
    }

    // MARK: Closed

    @Test("Failures of the target with the threshold's number of different messages in a row open the circuit")
    mutating func opens() {
        for message in 1...9 {
            #expect(judge(.failed, Int64(message)) == (.counts, nil))
        }
        #expect(judge(.failed, 10) == (.counts, .opened))
        #expect(circuit.isOpen)
        #expect(circuit.record?.openedAt == now)
        #expect(circuit.record?.detail == "as told")
    }

    @Test("One message that the target cannot stomach opens nothing, however often it fails")
    mutating func oneMessage() {
        for _ in 1...1000 { #expect(judge(.failed, 7) == (.counts, nil)) }
        #expect(!circuit.isOpen)
    }

    @Test("In strict order there is only the head to go by: each of its failures counts")
    mutating func strict() {
        rules = Self.rules { $0.ordering = .strict }
        for _ in 1...9 { _ = judge(.failed, 7) }
        #expect(judge(.failed, 7) == (.counts, .opened))
    }

    @Test("A success or a refusal resets the count", arguments: [Attempt.Result.delivered, .refused])
    mutating func resets(_ result: Attempt.Result) {
        for message in 1...9 { _ = judge(.failed, Int64(message)) }
        _ = judge(result, 50)
        for message in 11...19 { _ = judge(.failed, Int64(message)) }
        #expect(!circuit.isOpen)
        _ = judge(.failed, 20)
        #expect(circuit.isOpen)
    }

    @Test("A hundred refusals of different messages in a row open it; the same one again does not")
    mutating func refusals() {
        for message in 1...99 { _ = judge(.refused, Int64(message)) }
        _ = judge(.refused, 99)
        #expect(!circuit.isOpen)
        #expect(judge(.refused, 100) == (.counts, .opened))
        #expect(circuit.record?.cause == .refusals)
    }

    @Test(
        "A success in between, or a failure of the target, ends a row of refusals",
        arguments: [
            Attempt.Result.delivered, .failed,
        ]
    )
    mutating func refusalsInARow(_ result: Attempt.Result) {
        for message in 1...99 { _ = judge(.refused, Int64(message)) }
        _ = judge(result, 500)
        _ = judge(.refused, 100)
        #expect(!circuit.isOpen)
    }

    @Test("A target that asks to be left alone opens it at once, for as long as it asked")
    mutating func hold() {
        #expect(judge(.failed, 1, status: 429, hold: .seconds(120)) == (.counts, .opened))
        #expect(circuit.nextProbeAt == now.advanced(by: .seconds(120)))
    }

    @Test("What was returned counts for nothing")
    mutating func returned() {
        for message in 1...100 { #expect(judge(.returned, Int64(message)) == (.returned, nil)) }
        #expect(!circuit.isOpen)
    }

    // MARK: Open

    @Test("What was under way when it opened and fails in the same way is returned, also after it has closed again")
    mutating func underWay() {
        let mark = circuit.mark(of: 50)
        open()
        #expect(judge(.failed, 50, mark: mark) == (.returned, nil))
        #expect(judge(.refused, 51, mark: mark) == (.counts, nil))
        _ = probe(1, .delivered)
        #expect(judge(.failed, 52, mark: mark) == (.returned, nil))
        #expect(!circuit.isOpen)
    }

    @Test("What was under way when it opened settles as usual when it succeeds, and does not close it")
    mutating func successUnderWay() {
        let mark = circuit.mark(of: 50)
        open()
        #expect(judge(.delivered, 50, mark: mark) == (.counts, nil))
        #expect(circuit.isOpen)
    }

    @Test("A failure of the target that was under way when refusals opened it is parked as usual")
    mutating func otherKindUnderWay() {
        let mark = circuit.mark(of: 500)
        for message in 1...100 { _ = judge(.refused, Int64(message)) }
        #expect(judge(.failed, 500, mark: mark) == (.counts, nil))
        #expect(judge(.refused, 501, mark: mark) == (.returned, nil))
    }

    @Test("The first probe comes after the smaller of 5 s and seconds_retry, then they are twice as far apart")
    mutating func delays() {
        open()
        #expect(circuit.nextProbeAt == now.advanced(by: .seconds(5)))
        var expected = 10
        while expected < 300 {
            #expect(probe(1, .failed) == (.returned, nil))
            #expect(circuit.nextProbeAt == now.advanced(by: .seconds(expected)))
            expected *= 2
        }
        _ = probe(1, .failed)
        #expect(circuit.nextProbeAt == now.advanced(by: .seconds(300)))
        _ = probe(1, .failed)
        #expect(circuit.nextProbeAt == now.advanced(by: .seconds(300)))
    }

    @Test("A short seconds_retry and seconds_retry_max bound the delays")
    mutating func shortDelays() {
        rules = Self.rules {
            $0.secondsRetry = 1
            $0.secondsRetryMax = 3
        }
        open()
        #expect(circuit.nextProbeAt == now.advanced(by: .seconds(1)))
        _ = probe(1, .failed)
        #expect(circuit.nextProbeAt == now.advanced(by: .seconds(2)))
        _ = probe(1, .failed)
        #expect(circuit.nextProbeAt == now.advanced(by: .seconds(3)))
    }

    @Test("A refusal closes what failures of the target had opened, and counts for its message")
    mutating func refusalCloses() {
        open()
        let (judgement, change) = probe(1, .refused)
        #expect(judgement == .counts)
        guard case .closed = change else {
            Issue.record("it did not close")
            return
        }
    }

    @Test(
        "A refusal does not close what refusals had opened, nor does a failure: both return the message",
        arguments: [
            Attempt.Result.refused, .failed,
        ]
    )
    mutating func refusalsStay(_ result: Attempt.Result) {
        for message in 1...100 { _ = judge(.refused, Int64(message)) }
        #expect(probe(1, result) == (.returned, nil))
        #expect(circuit.isOpen)
    }

    @Test("There is one probe at a time, and none while one is out")
    mutating func oneProbe() {
        open()
        circuit.sendProbe(3)
        #expect(circuit.nextProbeAt == nil)
        _ = judge(.failed, 3)
        #expect(circuit.nextProbeAt != nil)
        #expect(circuit.record?.probedID == 3)
    }

    @Test("A probe that was dropped or returned leaves the next one due as before")
    mutating func droppedProbe() {
        open()
        let due = circuit.nextProbeAt
        circuit.sendProbe(3)
        circuit.dropProbe()
        #expect(circuit.nextProbeAt == due)
        #expect(probe(4, .returned) == (.returned, nil))
        #expect(circuit.nextProbeAt == due)
    }

    // MARK: Closing

    @Test("Closed again the window is 1, 2, 4 … after each that was clean, until it is full")
    mutating func ramp() {
        open()
        _ = probe(1, .delivered)
        var sizes: [Int] = []
        while let window = circuit.window {
            sizes.append(window)
            for message in 0..<window { _ = judge(.delivered, 1000 + Int64(message)) }
        }
        #expect(sizes == [1, 2, 4, 8, 16, 32, 64])
        #expect(circuit.record == nil)
    }

    @Test("A failure of the target before the window is full opens it again with the last delay")
    mutating func opensAgain() {
        open()
        _ = probe(1, .failed)
        _ = probe(1, .failed)
        _ = probe(1, .delivered)
        _ = judge(.delivered, 2)
        #expect(judge(.failed, 3) == (.counts, .opened))
        #expect(circuit.nextProbeAt == now.advanced(by: .seconds(20)))
    }

    @Test("A publisher with one place has its window at once")
    mutating func onePlace() {
        rules = Self.rules(maxDemand: 1)
        open()
        _ = probe(1, .delivered)
        #expect(circuit.window == nil)
        #expect(circuit.record == nil)
    }

    // MARK: Restart

    @Test("State, cause, times and step survive a restart; one that was closing begins with the smallest window")
    mutating func restart() {
        open()
        _ = probe(4, .failed)
        var again = Circuit(circuit.record)
        #expect(again.isOpen)
        #expect(again.nextProbeAt == circuit.nextProbeAt)
        #expect(again.record == circuit.record)
        _ = probe(4, .delivered)
        again = Circuit(circuit.record)
        #expect(!again.isOpen)
        #expect(again.window == 1)
    }

    @Test("Something that may help makes an open circuit probe at once, and does nothing to a closed one")
    mutating func probeNow() {
        circuit.probeNow(now)
        #expect(circuit.record == nil)
        open()
        now = now.advanced(by: .seconds(1))
        circuit.probeNow(now)
        #expect(circuit.nextProbeAt == now)
    }

    @Test("A notice is due when it has been open for long enough, once")
    mutating func notice() {
        #expect(circuit.noticeAt(.seconds(60)) == nil)
        open()
        #expect(circuit.noticeAt(.seconds(60)) == now.advanced(by: .seconds(60)))
        circuit.setNoticed()
        #expect(circuit.noticeAt(.seconds(60)) == nil)
    }
}
