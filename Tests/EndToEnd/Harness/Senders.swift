@testable import Bench

/// Clients that post at the same time, each its own share, and try again whenever they have got no answer.
struct Senders: Sendable {
    let api: API
    let topic: String
    let chronicle: Chronicle

    /// Posts so many messages, and returns when each has been acknowledged.
    func post(_ count: Int, by clients: Int, name: String = "message") async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<clients {
                group.addTask {
                    let connection = HTTPClient()
                    for number in stride(from: client, to: count, by: clients) {
                        try await post(#"{"\#(name)":\#(number),"client":\#(client)}"#, connection)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func post(_ payload: String, _ connection: HTTPClient) async throws {
        while true {
            let starts = api.server.startCount
            do {
                chronicle.accepted(try await api.accept(topic, payload, by: connection), payload)
                return
            } catch let error as CancellationError {
                throw error
            } catch API.Problem.unexpected(let answer) where answer.status != 503 {
                throw API.Problem.unexpected(answer)
            } catch {
                chronicle.uncertain(payload)
                try await api.server.started(after: starts)
            }
        }
    }
}
