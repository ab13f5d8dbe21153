/// An open loop: a request every so often, however long the answers take.
///
/// The payload names the time at which the request was due, not the time at which a connection was free for it:
/// otherwise a server that stalls would delay the questions and so hide its answers' delay (what Gil Tene calls
/// coordinated omission).
struct PacedLoad: LoadSource, Sendable {
    private let interval: Double
    private let count: UInt64
    private var sent: UInt64 = 0
    private var began: UInt64 = 0
    private(set) var ids: [Int] = []
    private(set) var accepted = 0
    private(set) var problem: String?

    /// - Parameter rate: requests a second.
    init(rate: Int, seconds: Int) {
        interval = 1e9 / Double(rate)
        count = UInt64(rate * seconds)
    }

    mutating func next(at now: UInt64) -> LoadStep {
        guard sent < count, problem == nil else { return .finished }
        if sent == 0 { began = now }
        let due = began + UInt64(Double(sent) * interval)
        guard due <= now else { return .wait(until: due) }
        sent += 1
        return .send(number: sent, start: due)
    }

    mutating func answered(_ answer: LoadAnswer) {
        guard (200..<300).contains(answer.status) else {
            if problem == nil { problem = answer.problem }
            return
        }
        accepted += 1
        if let id = answer.id { ids.append(id) }
    }
}
