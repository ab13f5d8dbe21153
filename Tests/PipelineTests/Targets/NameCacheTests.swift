import Testing

@testable import Pipeline

struct NameCacheTests {
    private let start = ContinuousClock.Instant.now
    private let address = IPAddress(v4: 0x7F00_0001)

    private func cache(lookUps: Int = 4, names: Int = 100) -> NameCache<Int> {
        var limits = NameLimits()
        limits.lookUps = lookUps
        limits.names = names
        return NameCache(limits: limits)
    }

    @Test("Look-ups of one name are shared")
    func sharing() {
        var cache = cache()
        for waiter in 0..<1_000 { #expect(cache.ask(for: "a", waiter: waiter, now: start) == .wait) }
        #expect(cache.startable(now: start) == ["a"])
        #expect(cache.startable(now: start) == [])
        let (waiters, answer) = cache.answered("a", .addresses([address]), now: start)
        #expect(waiters == Array(0..<1_000))
        #expect(answer == .addresses([address]))
        #expect(cache.running == 0)
    }

    @Test("What is known is used without a look-up until it is 30 seconds old, and after that beside one")
    func freshness() {
        var cache = cache()
        _ = cache.ask(for: "a", waiter: 1, now: start)
        _ = cache.startable(now: start)
        _ = cache.answered("a", .addresses([address]), now: start)
        #expect(cache.ask(for: "a", waiter: 2, now: start + .seconds(29)) == .addresses([address]))
        #expect(cache.startable(now: start + .seconds(29)) == [])
        #expect(cache.ask(for: "a", waiter: 3, now: start + .seconds(31)) == .addresses([address]))
        #expect(cache.startable(now: start + .seconds(31)) == ["a"])
        #expect(cache.ask(for: "a", waiter: 3, now: start + .seconds(3_601)) == .wait)
    }

    @Test(
        "A name server that is out of order leaves known names usable for an hour; a name that is gone is gone at once"
    )
    func staleness() {
        var cache = cache()
        _ = cache.ask(for: "a", waiter: 1, now: start)
        _ = cache.startable(now: start)
        _ = cache.answered("a", .addresses([address]), now: start)
        let later = start + .seconds(40)
        _ = cache.ask(for: "a", waiter: 2, now: later)
        _ = cache.startable(now: later)
        _ = cache.answered("a", .failed("no answer"), now: later)
        #expect(cache.ask(for: "a", waiter: 3, now: later) == .addresses([address]))
        #expect(cache.startable(now: later) == [])
        let evenLater = later + .seconds(3)
        #expect(cache.ask(for: "a", waiter: 3, now: evenLater) == .addresses([address]))
        #expect(cache.startable(now: evenLater) == ["a"])
        _ = cache.answered("a", .noSuchName("no such name"), now: evenLater)
        #expect(cache.ask(for: "a", waiter: 4, now: evenLater) == .failure(reason: "no such name"))
    }

    @Test("A failure is the answer for two seconds; then the name is looked up again")
    func failures() {
        var cache = cache()
        _ = cache.ask(for: "a", waiter: 1, now: start)
        _ = cache.startable(now: start)
        #expect(cache.answered("a", .failed("x"), now: start).answer == .failure(reason: "x"))
        #expect(cache.ask(for: "a", waiter: 2, now: start + .seconds(1)) == .failure(reason: "x"))
        #expect(cache.ask(for: "a", waiter: 3, now: start + .seconds(2)) == .wait)
        #expect(cache.startable(now: start + .seconds(2)) == ["a"])
    }

    @Test("No more look-ups run than allowed, and slow or failing names take no more than half of them")
    func limits() {
        var cache = cache(lookUps: 4)
        for name in ["a", "b", "c", "d", "e"] { _ = cache.ask(for: name, waiter: 1, now: start) }
        #expect(cache.startable(now: start) == ["a", "b", "c", "d"])
        #expect(cache.startable(now: start) == [])
        for name in ["a", "b", "c", "d"] { _ = cache.answered(name, .failed("x"), now: start) }
        #expect(cache.startable(now: start) == ["e"])
        _ = cache.answered("e", .addresses([address]), now: start + .seconds(2))
        // From now on all five are suspect.
        let later = start + .seconds(60)
        for name in ["a", "b", "c", "d", "e"] { _ = cache.ask(for: name, waiter: 2, now: later) }
        #expect(cache.startable(now: later) == ["a", "b"])
        for name in ["f", "g", "h"] { _ = cache.ask(for: name, waiter: 2, now: later) }
        #expect(cache.startable(now: later) == ["f", "g"])
        _ = cache.answered("f", .addresses([address]), now: later)
        #expect(cache.startable(now: later) == ["h"])
        _ = cache.answered("a", .addresses([address]), now: later)
        #expect(cache.startable(now: later) == ["c"])
    }

    @Test("Who has given up is not told")
    func forgetting() {
        var cache = cache()
        for waiter in 1...3 { _ = cache.ask(for: "a", waiter: waiter, now: start) }
        cache.forget(2, name: "a")
        _ = cache.startable(now: start)
        #expect(cache.answered("a", .addresses([address]), now: start).waiters == [1, 3])
    }

    @Test("No more names are kept than allowed")
    func room() {
        var cache = cache(lookUps: 1_000, names: 100)
        for number in 0..<1_000 {
            let name = "n\(number)"
            _ = cache.ask(for: name, waiter: number, now: start)
            _ = cache.startable(now: start)
            _ = cache.answered(name, .addresses([address]), now: start)
        }
        #expect(cache.count <= 100)
    }
}
