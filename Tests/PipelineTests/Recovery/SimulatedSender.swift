import Foundation
import Pipeline
import Synchronization
import TestSupport

/// A sender as the original's client is one, in memory: it lists what it could not hand over, the oldest first and a
/// hundred at a time, and deletes what it is told to. Behind it are several, told apart by their URLs.
final class SimulatedSender: HTTPTransport {
    struct Entry: Sendable, Equatable {
        var id: Int
        var json: String
    }

    /// What the network or the sender does with a request.
    enum Fault: Sendable {
        case none
        /// The request does not arrive.
        case lost
        /// The request arrives, and its answer does not.
        case unanswered
        case status(Int)
        /// It was deleted by somebody else.
        case gone
        case body(String)
    }

    struct State: Sendable {
        /// By the URL of the list, with its slash.
        var entries: [String: [Entry]] = [:]
        var requests: [(method: HTTPRequest.Method, url: String)] = []
        var page = 100
        var nextID = 1
    }

    private let state = Mutex(State())
    private let fault: @Sendable (HTTPRequest) async -> Fault

    init(_ fault: @escaping @Sendable (HTTPRequest) async -> Fault = { _ in .none }) {
        self.fault = fault
    }

    func with<Value: Sendable>(_ body: (inout State) -> Value) -> Value { state.withLock { body(&$0) } }

    /// - Returns: the id.
    @discardableResult
    func add(_ url: String, topic: String, _ payload: String, isBulk: Bool = false) -> Int {
        state.withLock { state in
            let id = state.nextID
            state.nextID += 1
            state.entries[url, default: []].append(
                Entry(
                    id: id,
                    json:
                        #"{"id":\#(id),"topic":"\#(topic)","payload":\#(payload),"attributes":null,"bulk":\#(isBulk)}"#
                )
            )
            return id
        }
    }

    func entries(_ url: String) -> [Int] { state.withLock { $0.entries[url, default: []].map(\.id) } }

    func count(_ method: HTTPRequest.Method) -> Int { state.withLock { $0.requests.count { $0.method == method } } }

    func send(_ request: HTTPRequest) async -> HTTPExchange {
        state.withLock { $0.requests.append((request.method, request.url)) }
        switch await fault(request) {
        case .none: return answer(request)
        case .lost: return HTTPExchange(failure: .refused)
        case .unanswered:
            _ = answer(request)
            return HTTPExchange(failure: .closed(.waiting))
        case .status(let status): return HTTPExchange(status: status)
        case .gone:
            _ = answer(request)
            return HTTPExchange(status: 404)
        case .body(let text): return Self.exchange(text, request)
        }
    }

    private func answer(_ request: HTTPRequest) -> HTTPExchange {
        state.withLock { state in
            let parts = request.url.split(separator: "?", maxSplits: 1)
            let url = String(parts[0])
            if request.method == .get {
                guard let entries = state.entries[url] else { return HTTPExchange(status: 404) }
                let limit = parts.dropFirst().first?.split(separator: "=").last.flatMap { Int($0) } ?? state.page
                return Self.exchange("[" + entries.prefix(limit).map(\.json).joined(separator: ",") + "]", request)
            }
            for (list, entries) in state.entries {
                guard let index = entries.firstIndex(where: { list + "\($0.id)/" == url }) else { continue }
                state.entries[list]?.remove(at: index)
                return HTTPExchange(status: 204)
            }
            return HTTPExchange(status: 404)
        }
    }

    private static func exchange(_ text: String, _ request: HTTPRequest) -> HTTPExchange {
        let body = Array(text.utf8)
        var exchange = HTTPExchange(status: 200, body: Array(body.prefix(request.keptBytes)))
        exchange.isCutOff = body.count > request.readBytes
        return exchange
    }
}
