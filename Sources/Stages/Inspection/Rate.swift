/// Events a second, from a counter that is read now and then: over the time since the reading before, or before that if
/// it is less than a second ago.
struct Rate: Sendable {
    private var count = 0
    private var time: Duration?
    private var rate = 0.0

    mutating func update(_ count: Int, at now: Duration) -> Double {
        guard let time else {
            (self.count, self.time) = (count, now)
            return 0
        }
        guard now - time >= .seconds(1) else { return rate }
        rate = Double(count - self.count) / ((now - time) / .seconds(1))
        (self.count, self.time) = (count, now)
        return rate
    }
}
