import CLibPQ
import Foundation

/// Asks the server, by a connection of its own, to give up what another connection waits for.
// Sendable, because nobody else has the pointer: it is used once, by `cancel()`, which is the documented use from another
// thread, and freed.
final class PostgresCanceller: @unchecked Sendable {
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        PQfreeCancel(pointer)
    }

    /// Returns at once. Nobody waits for what becomes of it: the connection that it is about is given up in any case.
    func cancel() {
        // Exception: libpq blocks here for as long as the network does, and the caller must not.
        let thread = Thread { [self] in
            LoopThread.blockSignals()
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
                _ = PQcancel(pointer, buffer.baseAddress, Int32(buffer.count))
            }
        }
        thread.name = "cancel"
        thread.stackSize = 256 * 1024
        thread.start()
    }
}
