import Pipeline
import StagesTesting
import Synchronization

/// A whole office and its world, from one seed: what comes of it is judged by the checker.
package struct SimulatedRun: Sendable {
    package struct Result: Sendable {
        package var seed: UInt64
        /// What is wrong, each in one sentence.
        package var problems: [String]
        package var history: History
        /// Jobs that have run.
        package var steps: Int
        /// Virtual time that has gone by.
        package var time: Duration
        package var lives: Int
    }

    /// It has not become quiet in all the time that it had.
    struct NeverDrained: Error, CustomStringConvertible {
        var description: String
    }

    private let plan: SimulatedPlan
    private let simulation: Simulation
    private let world: World
    private let recorder: HistoryRecorder
    private let weather: SimulatedWeather
    private let receivers: Receivers
    private let node: SimulatedNode
    private let hands: SimulatedHands

    package static func result(seed: UInt64, defect: SimulatedDefect = .none) -> Result {
        result(of: SimulatedPlan(seed: seed), defect: defect)
    }

    package static func result(of plan: SimulatedPlan, defect: SimulatedDefect = .none) -> Result {
        let run = SimulatedRun(plan, defect: defect)
        var problems: [String] = []
        var final: History.Final?
        do {
            final = try run.simulation.run(limit: 2_000_000) { try await run.run() }
        } catch {
            problems.append("\(error)")
        }
        let history = run.recorder.history(final: final)
        problems += HistoryChecker.violations(in: history).map(\.description)
        return Result(
            seed: plan.seed,
            problems: problems,
            history: history,
            steps: run.simulation.steps,
            time: run.simulation.clock.now.offset,
            lives: run.node.lives
        )
    }

    private init(_ plan: SimulatedPlan, defect: SimulatedDefect) {
        self.plan = plan
        simulation = Simulation(seed: plan.seed)
        let clock = simulation.clock
        let world = World.simulated(by: simulation)
        self.world = world
        recorder = HistoryRecorder(time: { world.now().sinceEpoch })
        weather = SimulatedWeather(
            plan.climate,
            dice: Dice(seed: plan.seed, part: "weather"),
            time: { clock.now.offset }
        )
        receivers = Receivers(plan)
        node = SimulatedNode(
            plan,
            simulation,
            world: world,
            recorder: recorder,
            weather: weather,
            receivers: receivers,
            defect: defect
        )
        hands = SimulatedHands(
            node: node,
            plan: plan,
            recorder: recorder,
            world: world,
            clock: clock,
            dice: Dice(seed: plan.seed, part: "hands")
        )
    }

    private func run() async throws -> History.Final {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await node.run() }
            do {
                try await setUp()
                try await trouble()
                try await drain()
                await node.end()
            } catch {
                group.cancelAll()
                throw error
            }
            try await group.waitForAll()
        }
        return try await History.Final(of: node.tables, isDrained: true)
    }

    // MARK: The beginning

    /// Until it has worked: the process may be killed meanwhile.
    private func insist(_ body: @escaping @Sendable (PostOffice) async throws -> Void) async throws {
        while true {
            do {
                return try await node.call(body)
            } catch {
                try Task.checkCancellation()
                if case StoreError.taken = error { return }
                try await simulation.clock.sleep(for: .seconds(1))
            }
        }
    }

    static func topicName(_ number: Int, of plan: SimulatedPlan) -> String {
        number < plan.topics ? "topic \(number)" : Notice.topic
    }

    private func setUp() async throws {
        for number in 0..<plan.topics {
            try await insist { office in
                let name = Self.topicName(number, of: plan)
                let settings = TopicSettings(name: name, originHost: "o", retentionSeconds: plan.retention[number])
                _ = try await office.createTopic(settings)
            }
        }
        for publisher in plan.publishers {
            try await insist { office in
                guard let topic = try await office.topic(named: Self.topicName(publisher.topic, of: plan)) else {
                    return
                }
                _ = try await office.createPublisher(topicID: topic.id, publisher.settings)
            }
        }
    }

    // MARK: The middle

    private func trouble() async throws {
        let horizon = plan.horizon / .seconds(1)
        let dice = Dice(seed: plan.seed, part: "times")
        let sendings = (0..<plan.messages).map { _ in dice.chance(0.5) ? dice.real(0...5) : dice.real(0...horizon) }
        // One person changes settings and another one does all else, each one thing after the other.
        let persons = [SimulatedHands.Person.settings, .messages].map { person in
            (person, times: (0..<plan.handsPerRun / 2).map { _ in dice.real(0...horizon) }.sorted())
        }
        let schedulings = (0..<plan.scheduled).map { _ in dice.real(0...horizon) }
        let looks = (0..<5).map { _ in dice.real(0...horizon) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await simulation.clock.sleep(for: plan.horizon) }
            for (number, time) in sendings.enumerated() {
                group.addTask {
                    try await simulation.clock.sleep(for: .milliseconds(Int64(time * 1000)))
                    await send(number)
                }
            }
            for (number, time) in schedulings.enumerated() {
                group.addTask {
                    try await simulation.clock.sleep(for: .milliseconds(Int64(time * 1000)))
                    await hands.schedule(number)
                }
            }
            for (person, times) in persons {
                group.addTask {
                    for time in times {
                        let pause = Duration.milliseconds(Int64(time * 1000)) - simulation.clock.now.offset
                        if pause > .zero { try await simulation.clock.sleep(for: pause) }
                        await hands.act(person)
                    }
                }
            }
            for time in looks {
                group.addTask {
                    try await simulation.clock.sleep(for: .milliseconds(Int64(time * 1000)))
                    await hands.lookAtSome()
                }
            }
            try await group.waitForAll()
        }
    }

    private func send(_ number: Int) async {
        let topic = number % plan.topics
        let payload = Array(#"{"number":\#(number)}"#.utf8)
        let name = Self.topicName(topic, of: plan)
        do {
            guard let topicID = try await node.tables.topic(named: name)?.id else { return }
            recorder.record(.offered(topic: topicID, PayloadDigest(payload)))
            let id = try await node.call { try await $0.accept(topic: name, payload: payload, attributes: []) }
            recorder.accepted(id, topic: topicID, payload: payload)
        } catch {
            // Not acknowledged: nothing is owed.
        }
    }

    // MARK: The end

    /// All that troubles ends, and time goes on until everything is delivered, dead or discarded.
    private func drain() async throws {
        weather.calm()
        receivers.calm()
        node.spare()
        for publisher in try await live() where !publisher.settings.active {
            try await insist { office in
                recorder.record(.resumed(publisher: publisher.id))
                _ = try await office.setActive(publisher: publisher.id, true)
            }
        }
        var pause = Duration.seconds(5)
        var left = 400
        while true {
            let waiting = try await waiting()
            if waiting.isEmpty { break }
            left -= 1
            guard left > 0 else { throw NeverDrained(description: "never drained: \(waiting.joined(separator: ", "))") }
            try await simulation.clock.sleep(for: pause)
            pause = min(pause * 2, .seconds(600))
        }
        for topic in try await node.tables.topics(named: nil, after: 0, limit: .max) {
            for entry in try await node.tables.entries(topicID: topic.id, after: 0, limit: .max) {
                await hands.look(at: entry.id, topic: topic.id)
            }
        }
    }

    private func live() async throws -> [Publisher] {
        try await node.tables.publishers(topicID: nil, after: 0, limit: .max)
    }

    private func waiting() async throws -> [String] {
        var waiting: [String] = []
        for publisher in try await live() {
            guard let stored = try await node.tables.progress(of: [publisher.id])[publisher.id] else { continue }
            let rows = try await node.tables.rows(.parked, publisher: publisher.id, after: 0, limit: .max)
            guard stored.pending > 0 || !rows.isEmpty || stored.progress.replay != nil else { continue }
            let tree = try? await node.call { try await $0.stages(publisher: publisher.id) }
            let stages = (tree?.stages ?? []).map {
                "\($0.name) \($0.state) demand \($0.demand) buffered \($0.buffered)"
            }
            waiting.append(
                "publisher \(publisher.id) has \(stored.pending) pending, \(rows.count) parked, replay "
                    + "\(stored.progress.replay.map { "\($0.fromID)...\($0.toID)" } ?? "none"), "
                    + "\(tree?.publisher.state ?? "unknown") \(tree?.publisher.waiting.map { "\($0)" } ?? ""), "
                    + "\(tree.map { "\($0.circuit)" } ?? "") \(stages.joined(separator: ", "))"
            )
        }
        for topic in try await node.tables.agenda() {
            waiting.append("a message scheduled for topic \(topic.topicID) waits until \(topic.dueAt)")
        }
        return waiting
    }
}
