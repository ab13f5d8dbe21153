import Foundation
import Synchronization

/// The executor of one connection: a thread of its own, so that libpq may block without taking a thread of the shared
/// pool away from everybody else.
final class ConnectionThread: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        /// The thread has found nothing to do and is about to wait for the bell.
        var isIdle = false
        var isStopped = false
    }

    /// Also ends a wait for the socket: see `PostgresLink`.
    let bell: Doorbell
    private let state = Mutex(State())

    init(named name: String) throws(PostgresError) {
        do {
            bell = try Doorbell()
        } catch {
            throw .unreachable(reason: "no file descriptor is left: \(error.reason)")
        }
        // Exception: see above.
        let thread = Thread { [self] in
            LoopThread.blockSignals()
            serve()
        }
        thread.name = name
        thread.stackSize = 512 * 1024
        thread.start()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let wasIdle = state.withLock { state in
            state.jobs.append(job)
            defer { state.isIdle = false }
            return state.isIdle
        }
        if wasIdle { bell.ring() }
    }

    /// Ends the thread once it has done what is enqueued. Nothing may be enqueued afterwards.
    func stop() {
        state.withLock { $0.isStopped = true }
        bell.ring()
    }

    private func serve() {
        let executor = asUnownedSerialExecutor()
        while let jobs = next() {
            if jobs.isEmpty { bell.wait() }
            for job in jobs { job.runSynchronously(on: executor) }
        }
    }

    /// What is to be done; nothing when the thread shall wait; nil when it shall end.
    private func next() -> [UnownedJob]? {
        state.withLock { state in
            if state.jobs.isEmpty {
                state.isIdle = true
                return state.isStopped ? nil : []
            }
            defer { state.jobs = [] }
            return state.jobs
        }
    }
}
