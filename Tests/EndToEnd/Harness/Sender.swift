import Foundation

/// A sender as the original's client is one: it keeps what it could not hand over, lists it at `/messages/` (the oldest
/// first, a hundred at a time) and deletes what it is told to.
final class Sender: Sendable {
    struct State: Sendable {
        var entries: [(id: Int, json: String)] = []
        var nextID = 1
        /// What is done instead of answering, by method.
        var faults: [String: Answer] = [:]
        var listings = 0
        var deletions = 0
    }

    let state = Watched(State())
    private let receiver: Receiver

    init() throws {
        let state = state
        receiver = try Receiver { request in
            state.change { state in
                if request.method == "GET" { state.listings += 1 } else { state.deletions += 1 }
                return state.faults[request.method] ?? state.answer(request)
            }
        }
    }

    /// To be a topic's `origin_host`.
    var url: String { receiver.url("/messages/") }
    var port: Int { receiver.port }
    var ids: [Int] { state.value.entries.map(\.id) }

    /// - Parameter payload: JSON; of a bulk entry an array of messages.
    /// - Returns: the id.
    @discardableResult
    func keep(_ topic: String, _ payload: String, attributes: String = "null", isBulk: Bool = false) -> Int {
        state.change { state in
            let id = state.nextID
            state.nextID += 1
            let json =
                #"{"id":\#(id),"topic":"\#(topic)","payload":\#(payload),"attributes":\#(attributes),"bulk":\#(isBulk)}"#
            state.entries.append((id, json))
            return id
        }
    }

    /// - Parameter fault: nil: it behaves again.
    func fail(_ method: String, _ fault: Answer?) {
        state.change { $0.faults[method] = fault }
    }

    /// Waits until nothing is left with it.
    func emptied() async throws {
        try await state.wait { $0.entries.isEmpty }
    }

    /// Waits until it has been asked so often for its list.
    func listed(_ count: Int) async throws {
        try await state.wait { $0.listings >= count }
    }
}

extension Sender.State {
    fileprivate mutating func answer(_ request: Arrival) -> Answer {
        guard request.path.hasPrefix("/messages/") else { return .status(404) }
        if request.method == "GET" {
            let json = "[" + entries.prefix(100).map(\.json).joined(separator: ",") + "]"
            return .raw(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: \(json.utf8.count)\r\n\r\n\(json)"
            )
        }
        let id = Int(request.path.dropFirst("/messages/".count).dropLast())
        guard request.path.hasSuffix("/"), let index = entries.firstIndex(where: { $0.id == id }) else {
            return .status(404)
        }
        entries.remove(at: index)
        return .status(204)
    }
}
