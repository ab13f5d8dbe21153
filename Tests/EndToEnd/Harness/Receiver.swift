import Foundation
import Synchronization

/// An HTTP receiver in the test's process that answers as a script says and remembers every request.
final class Receiver: Sendable {
    typealias Script = @Sendable (Arrival) -> Answer

    /// Hears of a request once it has been answered, and whether the sender was told that it has arrived.
    typealias Follower = @Sendable (Arrival, _ succeeded: Bool) -> Void

    let port: Int
    private let script: Mutex<Script>
    private let seen = Watched(Seen())
    private let socket = Mutex<ReceiverSocket?>(nil)
    private let journal = Mutex(Journal())

    struct Seen: Sendable {
        var arrivals: [Arrival] = []
        /// How often each message was answered with success, by id.
        var delivered: [Int: Int] = [:]
    }

    /// A larger body is not remembered: a test may have thousands.
    private static let keptBytes = 2_000_000

    private struct Journal: Sendable {
        /// By path.
        var followers: [String: Follower] = [:]
        /// What has come to paths that nobody follows yet.
        var unread: [String: [(Arrival, Bool)]] = [:]
    }

    /// Listens on a free port of the loopback interface.
    init(_ script: @escaping Script = { _ in .ok }) throws {
        self.script = Mutex(script)
        let socket = try ReceiverSocket(port: 0)
        port = socket.port
        serve(socket)
    }

    deinit {
        stop()
    }

    var url: String { url("/") }
    var arrivals: [Arrival] { seen.value.arrivals }
    var delivered: [Int: Int] { seen.value.delivered }

    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// Tells of the requests to a path, also of those that came before, one after the other.
    func follow(_ path: String, _ follower: @escaping Follower) {
        journal.withLock { journal in
            journal.followers[path] = follower
            for (arrival, succeeded) in journal.unread.removeValue(forKey: path) ?? [] { follower(arrival, succeeded) }
        }
    }

    /// Another script from now on.
    func answer(_ other: @escaping Script) {
        script.withLock { $0 = other }
    }

    /// Closes the port and all connections: whoever connects is refused.
    func stop() {
        socket.withLock { socket in
            socket?.close()
            socket = nil
        }
    }

    /// Listens again, on the same port.
    func start() throws {
        serve(try ReceiverSocket(port: port))
    }

    /// Waits until so many different messages have been answered with success.
    func delivered(_ count: Int) async throws {
        try await seen.wait { $0.delivered.count >= count }
    }

    /// Waits until each of these messages has been answered with success.
    func delivered(_ ids: [Int]) async throws {
        try await seen.wait { seen in seen.delivered.count >= ids.count && ids.allSatisfy { seen.delivered[$0] != nil }
        }
    }

    /// Waits until so many requests have come.
    func requested(_ count: Int) async throws {
        try await seen.wait { $0.arrivals.count >= count }
    }

    private func serve(_ other: ReceiverSocket) {
        socket.withLock { $0 = other }
        other.serve(
            { [weak self] request in
                guard let self else { return .close }
                let arrival = seen.change { seen in
                    var arrival = request
                    arrival.order = seen.arrivals.count
                    seen.arrivals.append(arrival)
                    if arrival.body.count > Self.keptBytes { seen.arrivals[arrival.order].body = [] }
                    return arrival
                }
                return script.withLock { $0 }(arrival)
            },
            answered: { [weak self] request, succeeded in self?.answered(request, succeeded) }
        )
    }

    private func answered(_ request: Arrival, _ succeeded: Bool) {
        journal.withLock { journal in
            if let follower = journal.followers[request.path] {
                follower(request, succeeded)
            } else {
                journal.unread[request.path, default: []].append((request, succeeded))
            }
        }
        if succeeded { seen.change { $0.delivered[request.messageID, default: 0] += 1 } }
    }
}
