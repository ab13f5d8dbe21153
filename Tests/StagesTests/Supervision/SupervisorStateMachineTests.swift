import StagesTesting
import Testing

@testable import Stages

@Suite("Supervisor's decisions")
struct SupervisorStateMachineTests {
    /// Children as the machine's actions make them: which task runs which child, and which are to end.
    private struct World {
        var machine: SupervisorStateMachine
        var now = Duration.zero
        var alive: [Int: String] = [:]
        var running: Set<String> = []
        var cancelled: Set<Int> = []
        var starting: Set<Int> = []

        mutating func perform(_ actions: [SupervisorStateMachine.Action]) {
            for action in actions {
                switch action {
                case .start(let specification, let task):
                    #expect(running.insert(specification.id).inserted, "two of \(specification.id)")
                    alive[task] = specification.id
                    starting.insert(task)
                case .cancel(let id, let task):
                    #expect(alive[task] == id)
                    cancelled.insert(task)
                case .abandoned(let id):
                    for (task, child) in alive where child == id {
                        alive[task] = nil
                        running.remove(id)
                        starting.remove(task)
                    }
                case .failed: break
                }
            }
        }

        mutating func step() {
            perform(machine.advance(at: now))
        }

        mutating func post(_ event: SupervisorStateMachine.Event) {
            perform(machine.handle(event, at: now))
            step()
        }

        mutating func end(_ task: Int, _ reason: EndReason) {
            guard let id = alive.removeValue(forKey: task) else { return }
            starting.remove(task)
            running.remove(id)
            post(.ended(id, task: task, reason))
        }
    }

    private static func specification(_ id: String, _ restart: Restart, _ backOff: BackOff?) -> ChildSpecification {
        ChildSpecification(id, restart: restart, backOff: backOff, run: {})
    }

    @Test("Whatever happens, children start in order, none runs twice, and a shutdown ends all", arguments: 0..<500)
    func anything(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let strategy = [RestartStrategy.oneForOne, .oneForAll, .restForOne].randomElement(using: &random)!
        var world = World(
            machine: SupervisorStateMachine(
                strategy: strategy,
                intensity: RestartIntensity(maxRestarts: 20, within: .seconds(5)),
                backOff: Bool.random(using: &random) ? BackOff(initial: .seconds(1)) : nil,
                now: .zero
            )
        )
        let restarts = [Restart.permanent, .permanent, .transient, .temporary]
        for index in 0..<4 {
            let backOff = Int.random(in: 0..<4, using: &random) == 0 ? BackOff() : nil
            let child = Self.specification("\(index)", restarts.randomElement(using: &random)!, backOff)
            try world.machine.add(child, isListed: true, at: .zero)
        }
        world.step()
        for step in 0..<200 {
            let task = world.alive.keys.sorted().randomElement(using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0, 1, 2:
                guard let task = world.starting.sorted().randomElement(using: &random) else { break }
                world.starting.remove(task)
                world.post(.started(world.alive[task]!, task: task))
            case 3:
                guard let task else { break }
                world.end(task, .failed(TestError("failed")))
            case 4:
                guard let task else { break }
                world.end(task, .normal)
            case 5, 6:
                guard let task = world.cancelled.sorted().randomElement(using: &random) else { break }
                world.cancelled.remove(task)
                world.end(task, .cancelled)
            case 7:
                world.now += .milliseconds(Int.random(in: 0...3000, using: &random))
                world.step()
            case 8:
                let child = Self.specification("added \(step)", restarts.randomElement(using: &random)!, nil)
                try world.machine.add(child, isListed: false, at: world.now)
                world.step()
            default:
                let child = world.machine.children.randomElement(using: &random)
                if let child { world.post(.terminate(child.id)) }
            }
            if case .ended = world.machine.phase { break }
            checkOrder(world)
        }
        if Bool.random(using: &random) {
            world.machine.drain(at: world.now)
            world.step()
        }
        world.post(.shutdown)
        for _ in 0..<100 {
            guard let task = world.alive.keys.sorted().last else { break }
            if Bool.random(using: &random) {
                world.end(task, .cancelled)
            } else {
                // It ignores its cancellation.
                world.now += .seconds(5)
                world.step()
            }
        }
        #expect(world.alive.isEmpty)
        guard case .ended = world.machine.phase else { throw TestError("\(world.machine.phase)") }
    }

    @Test(
        "What happens to one child costs no more the more there are, listed or added",
        arguments: [RestartStrategy.oneForOne, .restForOne, .oneForAll],
        [true, false]
    )
    func isNotQuadratic(strategy: RestartStrategy, isListed: Bool) throws {
        let count = 10_000
        var world = World(
            machine: SupervisorStateMachine(
                strategy: strategy,
                intensity: RestartIntensity(maxRestarts: count, within: .seconds(5)),
                backOff: BackOff(),
                now: .zero
            )
        )
        for index in 0..<count {
            try world.machine.add(Self.specification("\(index)", .transient, nil), isListed: isListed, at: .zero)
        }
        // So many looks a child are allowed, whatever happens to it.
        func check(_ what: String, _ body: (inout World) -> Void) {
            let before = world.machine.looks
            body(&world)
            let looks = world.machine.looks - before
            #expect((count...10 * count).contains(looks), "\(what) took \(looks) looks for \(count) children")
        }
        check("start") { world in
            world.step()
            while let task = world.starting.popFirst() {
                if let id = world.alive[task] { world.post(.started(id, task: task)) }
            }
        }
        #expect(world.alive.count == count)
        if strategy == .oneForOne {
            check("failure and restart") { world in
                for task in world.alive.keys.sorted() {
                    world.now += .microseconds(1)
                    world.end(task, .failed(TestError("failed")))
                }
                for _ in 0..<count {
                    world.now += .microseconds(1)
                    world.step()
                }
                world.now += .seconds(1)
                world.step()
            }
            #expect(world.starting.count == count)
        }
        check("stop") { world in
            world.post(.shutdown)
            while let task = world.cancelled.popFirst() { world.end(task, .cancelled) }
        }
        #expect(world.alive.isEmpty)
    }

    /// Nothing is started while something that has to go first is still there, and of dependent children none starts
    /// before those before it.
    private func checkOrder(_ world: World) {
        guard world.machine.strategy != .oneForOne else { return }
        let children = world.machine.children
        let listed = children.filter(\.isListed)
        for (index, child) in listed.enumerated() where child.state == .starting && !child.mustStop {
            for earlier in listed[..<index] where earlier.isWanted && !earlier.mustStop {
                #expect(earlier.state == .running || earlier.state == .ended, "\(child.id) before \(earlier.id)")
            }
        }
    }
}
