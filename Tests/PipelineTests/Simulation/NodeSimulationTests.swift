import Pipeline
import TestSupport
import Testing

/// A whole node on one thread and in virtual time: `make simulate SEED=…` repeats a seed that has failed here.
@Suite("A simulated node", .timeLimit(.minutes(60)))
struct NodeSimulationTests {
    /// Seeds are shared out among the processors.
    private static let workers = 2
    #if THREAD_SANITIZER
    /// On one thread there are no races to be found.
    private static let count: UInt64 = 20
    #else
    private static let count: UInt64 = 1000
    #endif

    @Test("Whatever fails, is killed or is done by hand, no message is lost and every invariant holds")
    func seeds() async {
        let seeds = Seeds.explored(Self.count)
        let done = Counter()
        await withTaskGroup { group in
            for worker in 0..<Self.workers {
                group.addTask {
                    for (index, seed) in seeds.enumerated() where index % Self.workers == worker {
                        let result = SimulatedRun.result(seed: seed)
                        #expect(
                            result.problems.isEmpty,
                            "`make simulate SEED=\(seed)` repeats it: \(result.problems.prefix(5).joined(separator: "; "))"
                        )
                        done.increase()
                        if done.value % 5000 == 0 { print("\(done.value) of \(seeds.count) seeds") }
                        // Other tests run in the same pool.
                        await Task.yield()
                    }
                }
            }
        }
        #expect(done.value == seeds.count)
    }

    @Test("The same seed gives the same history, another one another")
    func repeats() async {
        var histories: [[History.Event]] = []
        for seed in 0..<30 as Range<UInt64> {
            let first = SimulatedRun.result(seed: seed)
            let second = SimulatedRun.result(seed: seed)
            let difference = zip(first.history.events, second.history.events).first { $0 != $1 }
            #expect(difference == nil, "seed \(seed)")
            #expect(first.history.events.count == second.history.events.count, "seed \(seed)")
            #expect(first.steps == second.steps, "seed \(seed)")
            #expect(first.time == second.time, "seed \(seed)")
            #expect(!histories.contains(first.history.events), "seed \(seed)")
            histories.append(first.history.events)
            await Task.yield()
        }
    }

    @Test("Seeded defects are found", arguments: SimulatedDefect.allCases)
    func defects(defect: SimulatedDefect) async {
        var found: UInt64?
        for seed in 0..<100 as Range<UInt64> where found == nil {
            if !SimulatedRun.result(seed: seed, defect: defect).problems.isEmpty { found = seed }
            await Task.yield()
        }
        #expect((found == nil) == (defect == .none), "found by seed \(found.map(String.init) ?? "none")")
    }

    /// One publisher and one address, without chance but for the schedule.
    private func plan(_ script: [(until: Double, behaviour: Behaviour)], horizon: Int) -> SimulatedPlan {
        var plan = SimulatedPlan(seed: 1)
        plan.horizon = .seconds(horizon)
        plan.topics = 1
        plan.scheduled = 0
        plan.handsPerRun = 0
        plan.killed = 0
        plan.climate = SimulatedWeather.Climate()
        plan.maxDemand = 10
        plan.circuitThreshold = 10
        plan.refreshInterval = .seconds(3600)
        plan.maxBufferBytes = 1_000_000
        plan.retention = [nil]
        plan.cleaning = CleaningSettings()
        plan.cleaning.interval = .seconds(1_000_000)
        let address = "http://127.0.0.1:9/"
        plan.scripts = [address: script]
        var settings = PublisherSettings(target: address)
        settings.body = .payload
        plan.publishers = [.init(topic: 0, settings: settings)]
        return plan
    }

    private func attempts(_ result: SimulatedRun.Result) -> Int {
        result.history.events.count { if case .attemptStarted = $0 { true } else { false } }
    }

    @Test("A day without the target is one open circuit, and then everything arrives")
    func day() {
        var plan = plan([(86_000, .down)], horizon: 86_400)
        plan.messages = 30
        let result = SimulatedRun.result(of: plan)
        #expect(result.problems == [])
        #expect(result.time >= plan.horizon)
        // One at most every 300 s, but for the first ones.
        #expect(attempts(result) < 30 + 10 + 86_400 / 300 + 10)
        let parked = result.history.events.count { if case .row(_, _, .parked) = $0 { true } else { false } }
        #expect(parked <= 10)
    }

    @Test("A message that waits for its retry is looked for when it is due, not in between", arguments: [false, true])
    func waiting(strict: Bool) {
        var plan = plan([(80_000, .refusing(404))], horizon: 86_400)
        plan.messages = 1
        plan.publishers[0].settings.secondsRetry = 3600
        if strict { plan.publishers[0].settings.ordering = .strict }
        let result = SimulatedRun.result(of: plan)
        #expect(result.problems == [])
        #expect((10...30).contains(attempts(result)))
        #expect(result.steps < 100 * attempts(result))
    }

    @Test("Each scheduled message is in the log within a second of its time, and is delivered")
    func scheduling() {
        var plan = plan([], horizon: 900)
        plan.messages = 0
        plan.scheduled = 50
        let result = SimulatedRun.result(of: plan)
        #expect(result.problems == [])
        var owed: [Int64: Duration] = [:]
        var released = 0
        for event in result.history.events {
            switch event {
            case .kept(let id, _, let dueAt, let time):
                // One whose time has gone by already is due at once.
                owed[id] = max(dueAt, time)
            case .released(let id, _, _, let time):
                released += 1
                let late = time - (owed[id] ?? .zero)
                #expect(late >= .zero && late <= .seconds(1), "message \(id) came \(late) after its time")
            default:
                break
            }
        }
        #expect(released > 20)
    }
}
