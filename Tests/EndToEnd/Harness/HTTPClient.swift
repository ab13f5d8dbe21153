@testable import Bench
import Dispatch
import Foundation

/// A client with one keep-alive connection, for one request at a time.
final class HTTPClient: Sendable {
    /// libcurl blocks, so it gets a thread that is not one of the few that tasks run on.
    private let queue = DispatchQueue(label: "client")
    // Used on the queue only.
    private nonisolated(unsafe) let connection = HTTPConnection()

    /// - Throws: when there was no answer: then it is unknown whether the request was received.
    func send(_ method: String, _ url: String, _ json: [UInt8]? = nil) async throws -> HTTPAnswer {
        try await withCheckedThrowingContinuation { continuation in
            queue.async {
                continuation.resume(with: Result { try self.connection.send(method, url, json: json, timeout: 30_000) })
            }
        }
    }
}
