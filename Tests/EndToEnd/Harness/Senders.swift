@testable import Bench

/// Clients that post at the same time, each its own share, and try again whenever they have got no answer.
struct Senders: Sendable {
    let chronicle: Chronicle
    let topic: String

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
            let starts = chronicle.server.startCount
            do {
                try await chronicle.accept(topic, payload, by: connection)
                return
            } catch let error as CancellationError {
                throw error
            } catch API.Problem.unexpected(let answer) where answer.status != 503 {
                throw API.Problem.unexpected(answer)
            } catch {
                try await chronicle.server.started(after: starts)
            }
        }
    }
}
