import DequeModule
import Synchronization

/// The serial executor of one tree of stages: what its stages do runs one job at a time, on whichever thread of the
/// shared pool is free.
///
/// Stages of one tree hand events to each other without a thread switch, and trees run in parallel. A tree that has
/// much to do yields after a bounded slice, so that it delays only itself; what never suspends cannot be preempted, so
/// long computations belong into a task elsewhere.
///
/// An actor joins in the Swift way, and the tree's root task prefers the executor, so that child tasks stay on it:
///
/// ```swift
/// actor Doubler: ProducerConsumer {
///     let inlet = Inlet<Int>()
///     let outlet = Outlet<Int>()
///     let executor: TreeExecutor
///     nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
///     …
/// }
/// ```
///
/// It has two faces over one queue: jobs of actors are enqueued at a serial executor of its own, which
/// ``asUnownedSerialExecutor()`` answers, jobs of tasks at itself. Were one object both, a pull of a stream would take
/// seven jobs instead of four.
public final class TreeExecutor: SerialExecutor, TaskExecutor {
    public let name: String
    private let inbox = Mutex(Inbox())
    /// The thread that drains the queue now, or zero.
    private let drainer = Atomic<UInt>(0)
    // Only the thread that drains touches it: `enqueue` after it has found its own identity in `drainer`, which nobody
    // else can have put there, and `runSlice`, of which there is one at a time because `Inbox.isDrained` is set by whoever
    // starts to drain and cleared, under the lock, by whoever ends. One drain happens before the next: by that lock, or
    // by the order of a task's own steps.
    @exclusivity(unchecked) nonisolated(unsafe) private var ring: Deque<Entry> = []
    private let actors = ActorFace()
    /// Runs everything instead, where the tree is simulated.
    private let base: (any SerialExecutor & TaskExecutor)?

    private struct Inbox {
        var entries: [Entry] = []
        var isDrained = false
    }

    fileprivate struct Entry {
        let job: UnownedJob
        let isActors: Bool
    }

    /// How long the tree runs before it yields to others. A yield is a trip through the shared pool and often a switch of
    /// threads, so it must be rare beside the jobs; the clock is looked at after 1, 2, 4, … jobs, and then every 64.
    private static let slice = Duration.microseconds(500)

    /// - Parameters:
    ///   - name: Tells executors apart.
    ///   - base: Runs everything in place of the shared pool, as it likes: for simulations.
    public init(name: String, base: (any SerialExecutor & TaskExecutor)? = nil) {
        self.name = name
        self.base = base
        actors.tree = Unmanaged.passUnretained(self)
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        if let base { return base.enqueue(job) }
        enqueue(Entry(job: UnownedJob(job), isActors: false))
    }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        base?.asUnownedSerialExecutor() ?? UnownedSerialExecutor(ordinary: actors)
    }

    fileprivate func enqueue(_ entry: Entry) {
        if drainer.load(ordering: .relaxed) == ThreadIdentity.current { return ring.append(entry) }
        let isIdle = inbox.withLock { inbox in
            inbox.entries.append(entry)
            defer { inbox.isDrained = true }
            return !inbox.isDrained
        }
        guard isIdle else { return }
        // Exception: unstructured because an executor has no task: it is the ground that tasks stand on. It ends when the queue is
        // empty, and what it runs belongs to whoever enqueued it.
        Task.detached(executorPreference: globalConcurrentExecutor) { [self] in
            while runSlice() { await Task.yield() }
        }
    }

    /// Runs some of what is queued. `false`: nothing is left. Neither async nor inlined, see `ThreadIdentity`.
    @inline(never)
    private func runSlice() -> Bool {
        drainer.store(ThreadIdentity.current, ordering: .relaxed)
        receive()
        let actor = asUnownedSerialExecutor()
        let task = asUnownedTaskExecutor()
        let end = ContinuousClock.now + Self.slice
        var count = 0
        var lookAt = 1
        while true {
            guard let entry = ring.popFirst() else {
                if receive() { continue }
                return !rest()
            }
            if entry.isActors {
                entry.job.runSynchronously(isolatedTo: actor, taskExecutor: task)
            } else {
                entry.job.runSynchronously(on: task)
            }
            count += 1
            guard count == lookAt else { continue }
            if ContinuousClock.now >= end { break }
            lookAt = count + min(count, 64)
        }
        drainer.store(0, ordering: .relaxed)
        return true
    }

    /// Takes over what other threads have enqueued.
    @discardableResult
    private func receive() -> Bool {
        let entries = inbox.withLock { inbox in
            let entries = inbox.entries
            inbox.entries.removeAll(keepingCapacity: false)
            return entries
        }
        ring.append(contentsOf: entries)
        return !entries.isEmpty
    }

    /// Ends the drain, if nothing has come meanwhile.
    private func rest() -> Bool {
        inbox.withLock { inbox in
            // Before the lock is left: then another thread may begin to drain.
            drainer.store(0, ordering: .relaxed)
            guard inbox.entries.isEmpty else { return false }
            inbox.isDrained = false
            return true
        }
    }
}

/// The face that actors see.
private final class ActorFace: SerialExecutor {
    // Set once, by the tree's initialiser, before anybody else sees either. Not retained, since the tree holds its face;
    // an actor that can be enqueued here holds the tree.
    nonisolated(unsafe) var tree: Unmanaged<TreeExecutor>?

    func enqueue(_ job: consuming ExecutorJob) {
        tree?.takeUnretainedValue().enqueue(TreeExecutor.Entry(job: UnownedJob(job), isActors: true))
    }
}
