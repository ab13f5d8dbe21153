import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Accepts connections, as many as are awaited, and never says anything.
struct BlackHole: Sendable {
    private let listener: LoopbackListener
    private let filled: AsyncStream<Void>

    init(awaiting count: Int) throws {
        let listener = try LoopbackListener()
        self.listener = listener
        let (filled, fill) = AsyncStream<Void>.makeStream()
        self.filled = filled
        let thread = Thread {
            var connections: [Int32] = []
            while true {
                let connection = accept(listener.descriptor, nil, nil)
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                guard connection >= 0 else { break }
                connections.append(connection)
                if connections.count == count { fill.finish() }
            }
            fill.finish()
            for connection in connections { closeDescriptor(connection) }
            listener.close()
        }
        thread.start()
    }

    var url: String { listener.url }

    /// Returns once all connections are there.
    func full() async {
        for await _ in filled {}
    }

    func close() {
        shutdown(listener.descriptor, Int32(SHUT_RDWR))
    }
}
