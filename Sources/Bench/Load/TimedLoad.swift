/// Messages at a steady pace, with the time that each answer took since its request was due.
struct TimedLoad: LoadSource, Sendable {
    private var pace: PacedLoad
    private let interval: Double
    private var began: UInt64 = 0
    /// Nanoseconds, in the order of the answers.
    private(set) var latencies: [UInt64] = []

    /// - Parameter rate: requests a second.
    init(rate: Int, seconds: Int) {
        pace = PacedLoad(rate: rate, seconds: seconds)
        interval = 1e9 / Double(rate)
    }

    var ids: [Int] { pace.ids }
    var problem: String? { pace.problem }

    mutating func next(at now: UInt64) -> LoadStep {
        if began == 0 { began = now }
        return pace.next(at: now)
    }

    mutating func answered(_ answer: LoadAnswer) {
        let due = began + UInt64(Double(answer.number - 1) * interval)
        latencies.append(MonotonicClock.now() - due)
        pace.answered(answer)
    }
}
