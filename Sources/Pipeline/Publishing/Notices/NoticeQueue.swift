import Logging
import Synchronization

/// Notices of what no settlement carries, because nothing is written of it: they wait here until they are appended.
///
/// There are never more of them than the `NoticeBoard` lets through: one an hour of a kind and publisher.
final class NoticeQueue: Sendable {
    private let waiting = Mutex<[Append]>([])
    private let wakeup = Wakeup()

    func add(_ append: Append?) {
        guard let append else { return }
        waiting.withLock { $0.append(append) }
        wakeup.ring()
    }

    /// Appends what is added, until the task is cancelled. What the storage does not take is tried again after `pause`.
    func run(into committer: Committer, pause: Duration, clock: any Clock<Duration>, logger: Logger) async {
        while !Task.isCancelled {
            guard let next = waiting.withLock(\.first) else {
                await wakeup.wait()
                continue
            }
            do throws(IntakeError) {
                _ = try await committer.append(next)
            } catch .unavailable, .overloaded {
                // A cancelled sleep has nothing to tell: the loop ends.
                try? await clock.sleep(for: pause)
                continue
            } catch {
                logger.warning("A notice was not sent.", metadata: ["error": "\(error)"])
            }
            waiting.withLock { _ = $0.removeFirst() }
        }
    }
}
