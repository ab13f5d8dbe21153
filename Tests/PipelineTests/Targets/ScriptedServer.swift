import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A TCP server on loopback, each of whose connections is played by a script on a thread of its own.
final class ScriptedServer: Sendable {
    enum Event: Sendable, Equatable {
        case connected(Int)
        case received(Int)
        /// The other side closed or reset the connection while the script waited for that.
        case closedByPeer(Int)
    }

    let port: Int
    let events: AsyncStream<Event>
    private let listener: LoopbackListener
    private let report: AsyncStream<Event>.Continuation
    /// Nil once stopped.
    private let open = Mutex<Set<Int32>?>([])

    init(
        receiveBuffer: Int32? = nil,
        _ script: @escaping @Sendable (ScriptedConnection) throws -> Void
    ) throws {
        let listener = try LoopbackListener(receiveBuffer: receiveBuffer)
        self.listener = listener
        port = listener.port
        (events, report) = AsyncStream.makeStream()
        let thread = Thread { [self] in
            var number = 0
            while true {
                let descriptor = accept(listener.descriptor, nil, nil)
                guard descriptor >= 0 else { break }
                // A program that a test starts meanwhile would keep it open.
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                number += 1
                play(script, descriptor, number)
            }
            close(listener.descriptor)
        }
        thread.start()
    }

    var url: String { "http://127.0.0.1:\(port)/" }

    /// Breaks all connections off and ends all scripts.
    func stop() {
        shutdown(listener.descriptor, Int32(SHUT_RDWR))
        open.withLock { descriptors in
            for descriptor in descriptors ?? [] { shutdown(descriptor, Int32(SHUT_RDWR)) }
            descriptors = nil
        }
        report.finish()
    }

    private func play(
        _ script: @escaping @Sendable (ScriptedConnection) throws -> Void,
        _ descriptor: Int32,
        _ number: Int
    ) {
        let isWanted = open.withLock { $0?.insert(descriptor) != nil }
        guard isWanted else {
            close(descriptor)
            return
        }
        report.yield(.connected(number))
        let thread = Thread { [self] in
            let connection = ScriptedConnection(descriptor: descriptor, number: number, report: report)
            try? script(connection)
            open.withLock { descriptors in
                descriptors?.remove(descriptor)
                connection.close()
            }
        }
        thread.stackSize = 256 * 1_024
        thread.start()
    }
}
