import Foundation
import Synchronization

/// A thread of its own as an executor, for the calls of the writing connection, which block.
///
/// The committer's loop prefers it: then taking a batch, writing it and answering its callers happen on one thread, and
/// a commit costs no thread switch.
final class WriterThread: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    // Exception: what this thread waits on; no queue is involved.
    private let bell = DispatchSemaphore(value: 0)
    private let thread = Atomic<UInt>(0)

    /// Starts the thread, which lives until `stop`.
    init(named name: String) {
        // Exception: see above.
        let thread = Thread { [self] in
            self.thread.store(Self.current, ordering: .relaxed)
            serve()
        }
        thread.name = name
        thread.start()
    }

    /// Whether the caller runs on this thread.
    var isCurrent: Bool { thread.load(ordering: .relaxed) == Self.current }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let place: Int? = state.withLock { state in
            guard !state.isStopped else { return nil }
            state.jobs.append(job)
            return state.jobs.count
        }
        switch place {
        case 1: bell.signal()
        case nil: globalConcurrentExecutor.enqueue(job)
        default: break
        }
    }

    /// Ends the thread once it has done what is enqueued. What is enqueued afterwards runs on the shared pool.
    func stop() {
        state.withLock { $0.isStopped = true }
        bell.signal()
    }

    private func serve() {
        let executor = asUnownedTaskExecutor()
        while true {
            let (jobs, isStopped) = state.withLock { state in
                defer { state.jobs = [] }
                return (state.jobs, state.isStopped)
            }
            for job in jobs { job.runSynchronously(on: executor) }
            guard jobs.isEmpty else {
                sched_yield()
                continue
            }
            if isStopped { return }
            bell.wait()
        }
    }

    /// Not inlined: a thread's identity must not be carried over a suspension.
    // Exception: asks which thread this is, and makes none.
    @inline(never)
    private static var current: UInt { UInt(bitPattern: ObjectIdentifier(Thread.current).hashValue) }
}
