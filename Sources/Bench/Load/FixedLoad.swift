/// A closed loop: so many requests, each as soon as a connection is free.
struct FixedLoad: LoadSource, Sendable {
    private let count: UInt64
    private var sent: UInt64 = 0
    /// The ids that came back with 201, in the order of the answers.
    private(set) var ids: [Int] = []
    private(set) var accepted = 0
    /// The first answer that was not a success.
    private(set) var problem: String?
    /// Nanoseconds of `MonotonicClock`.
    private(set) var firstSent: UInt64 = 0
    private(set) var lastAnswer: UInt64 = 0

    init(count: Int) {
        self.count = UInt64(count)
    }

    /// Answers a second, from the first request to the last answer.
    var rate: Double { Double(accepted) * 1e9 / Double(lastAnswer - firstSent) }

    mutating func next(at now: UInt64) -> LoadStep {
        guard sent < count, problem == nil else { return .finished }
        if sent == 0 { firstSent = now }
        sent += 1
        return .send(number: sent, start: now)
    }

    mutating func answered(_ answer: LoadAnswer) {
        lastAnswer = MonotonicClock.now()
        guard (200..<300).contains(answer.status) else {
            if problem == nil { problem = answer.problem }
            return
        }
        accepted += 1
        if let id = answer.id { ids.append(id) }
    }
}
