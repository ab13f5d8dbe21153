import Testing

@testable import Pipeline

@Suite("The schedule of recovery") struct RecoveryScheduleTests {
    private func origins(_ range: Range<Int>) -> [Origin] { range.map { Origin("http://\($0)/") } }

    @Test("asks everybody once a round, in order and a few at a time")
    func rounds() {
        var schedule = RecoverySchedule()
        schedule.begin(origins(0..<20))
        var asked: [Origin] = []
        var running = schedule.next()
        #expect(running.count == RecoverySchedule.places)
        while let origin = running.first {
            asked.append(origin)
            running.removeFirst()
            schedule.ended(origin, hasFailed: false)
            running += schedule.next()
            #expect(running.count <= RecoverySchedule.places)
        }
        #expect(asked == origins(0..<20))
        #expect(schedule.next().isEmpty)
    }

    @Test("does not ask an origin that is being asked, however often a round begins")
    func running() {
        var schedule = RecoverySchedule()
        schedule.begin(origins(0..<2))
        #expect(schedule.next() == origins(0..<2))
        for _ in 0..<3 { schedule.begin(origins(0..<2)) }
        #expect(schedule.next().isEmpty)
        schedule.ended(origins(0..<1)[0], hasFailed: false)
        #expect(schedule.next().isEmpty)
        schedule.begin(origins(0..<2))
        #expect(schedule.next() == origins(0..<1))
    }

    @Test("lets origins that do not answer wait for each other, and nobody else")
    func failing() {
        var schedule = RecoverySchedule()
        let silent = origins(0..<100)
        // Each is silent once, as one that is well: from then on they have their own places.
        schedule.begin(silent)
        var running = schedule.next()
        while !running.isEmpty {
            for origin in running { schedule.ended(origin, hasFailed: true) }
            running = schedule.next()
        }
        let well = origins(100..<104)
        for _ in 0..<5 {
            schedule.begin(silent + well)
            let chosen = schedule.next()
            #expect(well.allSatisfy(chosen.contains))
            #expect(chosen.count { silent.contains($0) } <= RecoverySchedule.places)
            for origin in chosen where well.contains(origin) { schedule.ended(origin, hasFailed: false) }
        }
        // And one that answers again is among the well again.
        schedule.ended(silent[0], hasFailed: false)
        schedule.begin(silent + well)
        #expect(schedule.next().contains(silent[0]))
    }

    @Test("forgets whom no topic names any more")
    func gone() {
        var schedule = RecoverySchedule()
        schedule.begin(origins(0..<20))
        _ = schedule.next()
        schedule.begin(origins(30..<31))
        #expect(schedule.next().isEmpty)
        for origin in origins(0..<8) { schedule.ended(origin, hasFailed: false) }
        #expect(schedule.next() == origins(30..<31))
    }
}
