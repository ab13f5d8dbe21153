import Pipeline
import Synchronization

/// A door that can be shut again. Who waits at it ends its wait also when its task is cancelled.
package final class Gate: Sendable {
    private let latch = Mutex(Latch())

    package init() {}

    package var isOpen: Bool { latch.withLock { $0.isOpen } }

    package func open() {
        latch.withLock { $0 }.open()
    }

    package func shut() {
        latch.withLock { if $0.isOpen { $0 = Latch() } }
    }

    package func wait() async {
        await latch.withLock { $0 }.wait()
    }
}
