@testable import Bench
import Foundation
import Synchronization

/// A listening socket whose connections have a thread each: simple, and as slow or silent as a script wants it.
final class ReceiverSocket: Sendable {
    let port: Int
    private let listener: Int32
    /// nil when closed.
    private let open = Mutex<Set<Int32>?>([])

    /// - Parameter port: 0 takes any free one.
    init(port: Int) throws {
        // A sender that is killed takes its connections with it: that is no reason to end.
        signal(SIGPIPE, SIG_IGN)
        listener = try LoopbackSocket.listening(on: port)
        self.port = LoopbackSocket.port(of: listener)
    }

    /// Serves until it is closed.
    /// - Parameters:
    ///   - receive: called with each request, as soon as it is complete.
    ///   - answered: called before the answer is sent, or when there is none; says whether it is one of success that
    ///     somebody still waits for.
    func serve(
        _ receive: @escaping @Sendable (Arrival) -> Answer,
        answered: @escaping @Sendable (Arrival, Bool) -> Void
    ) {
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    break
                }
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                guard open.withLock({ $0?.insert(connection) != nil }) else {
                    Foundation.close(connection)
                    break
                }
                Thread.detachNewThread { [self] in
                    ReceiverConnection(connection).serve(receive, answered)
                    open.withLock { open in
                        _ = open?.remove(connection)
                        Foundation.close(connection)
                    }
                }
            }
            Foundation.close(listener)
        }
    }

    /// Ends the port and all connections, whatever their threads are doing.
    func close() {
        open.withLock { open in
            // Wakes the threads, which close what they have.
            shutdown(listener, Int32(SHUT_RDWR))
            for connection in open ?? [] { shutdown(connection, Int32(SHUT_RDWR)) }
            open = nil
        }
    }
}
