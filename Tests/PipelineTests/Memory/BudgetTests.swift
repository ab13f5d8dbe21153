import Testing

@testable import Pipeline

@Suite struct BudgetTests {
    @Test("A reservation goes back when its last reference goes")
    func raii() {
        let budget = Budget(capacity: 100)
        do {
            let held = [budget.take(10, for: 1), budget.take(20, for: 2)]
            #expect(budget.used == 30)
            withExtendedLifetime(held) {}
        }
        #expect(budget.used == 0)
    }

    @Test("A wait ends with nil when its task is cancelled, and leaves nothing behind", .timeLimit(.minutes(1)))
    func cancellation() async {
        let budget = Budget(capacity: 2)
        var held: [Reservation] = []
        while let reservation = budget.take(1, for: 1) { held.append(reservation) }
        for _ in 0..<200 {
            await withTaskGroup(of: Bool.self) { group in
                group.addTask { await budget.reserve(1, for: 1) == nil }
                group.cancelAll()
                for await cancelled in group { #expect(cancelled) }
            }
        }
        #expect(budget.waiting == 0)
        held = []
        #expect(budget.used == 0)
    }

    @Test("Many tasks share a small budget without ever exceeding it", .timeLimit(.minutes(1)))
    func contention() async {
        let budget = Budget(capacity: 8)
        await withTaskGroup(of: Void.self) { group in
            for publisher in Int64(1)...50 {
                group.addTask {
                    for _ in 0..<100 {
                        let reservation = await budget.reserve(1, for: publisher)
                        #expect(reservation != nil)
                        #expect(budget.used <= 8)
                        await Task.yield()
                        withExtendedLifetime(reservation) {}
                    }
                }
            }
        }
        #expect(budget.used == 0)
        #expect(budget.waiting == 0)
    }
}
