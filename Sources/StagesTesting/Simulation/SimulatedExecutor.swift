import Synchronization

/// Runs everything on one thread, in an order drawn from a seed.
///
/// It is a serial executor and a task executor at once, by two faces over one set of jobs: actors that name it and tasks
/// that prefer it, with their child tasks and the actors that name no executor, all run here. See ``Simulation``.
public final class SimulatedExecutor: SerialExecutor, TaskExecutor {
    private struct Entry {
        let job: UnownedJob
        let isActors: Bool
    }

    private struct State {
        var entries: [Entry] = []
        var random: SeededGenerator
    }

    private let state: Mutex<State>
    private let actors = ActorFace()

    init(seed: UInt64) {
        state = Mutex(State(random: SeededGenerator(seed: seed)))
        actors.executor = Unmanaged.passUnretained(self)
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.entries.append(Entry(job: job, isActors: false)) }
    }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: actors)
    }

    fileprivate func enqueueActors(_ job: UnownedJob) {
        state.withLock { $0.entries.append(Entry(job: job, isActors: true)) }
    }

    /// Runs one of the jobs that are ready. `false`: there is none.
    func step() -> Bool {
        let entry: Entry? = state.withLock { state in
            guard !state.entries.isEmpty else { return nil }
            let index = Int.random(in: state.entries.indices, using: &state.random)
            state.entries.swapAt(index, state.entries.count - 1)
            return state.entries.removeLast()
        }
        guard let entry else { return false }
        if entry.isActors {
            entry.job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
        } else {
            entry.job.runSynchronously(on: asUnownedTaskExecutor())
        }
        return true
    }

    /// The face that actors see.
    private final class ActorFace: SerialExecutor {
        // Set once, by the executor's initialiser, before anybody else sees either. Not retained, since the executor
        // holds its face; an actor that can be enqueued here holds the executor.
        nonisolated(unsafe) var executor: Unmanaged<SimulatedExecutor>?

        func enqueue(_ job: consuming ExecutorJob) {
            executor?.takeUnretainedValue().enqueueActors(UnownedJob(job))
        }
    }
}
