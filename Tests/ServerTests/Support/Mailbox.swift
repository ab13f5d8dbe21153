import Hummingbird
import HummingbirdCore
import NIOCore
import Synchronization
import TestSupport

@testable import Server

/// A receiver with an address of its own: keeps what it gets, and answers as it is told, at first with 200.
final class Mailbox: HTTPResponder {
    typealias Context = BasicRequestContext
    typealias Answer = @Sendable (Letter) async -> Int

    struct Letter: Sendable {
        var method: String
        var path: String
        /// By lower-case names.
        var headers: [String: String]
        var body: String
    }

    private struct State {
        var port = 0
        var letters: [Letter] = []
        var answers: [String: Answer] = [:]
    }

    private let state = Mutex(State())

    var letters: [Letter] { state.withLock { $0.letters } }

    func letters(to path: String) -> [Letter] { letters.filter { $0.path == path } }

    func url(_ path: String) -> String { "http://127.0.0.1:\(state.withLock { $0.port })\(path)" }

    /// - Parameter answer: the status for each request to that path, from now on.
    func answer(_ path: String, _ answer: @escaping Answer) {
        state.withLock { $0.answers[path] = answer }
    }

    func answer(_ path: String, _ status: Int) {
        answer(path) { _ in status }
    }

    /// Returns when so many requests have come to that path.
    func arrived(_ count: Int, at path: String) async throws {
        try await eventually { letters(to: path).count >= count }
    }

    /// Listens as long as `body` runs.
    func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await TestServer.run(
            WebServer.Settings(port: 0),
            { client in
                self.state.withLock { $0.port = client.port }
                try await body()
            },
            application: { $0.application(responder: self) }
        )
    }

    func respond(to request: Request, context: Context) async throws -> Response {
        let body = try await request.body.collect(upTo: 16_000_000)
        let letter = Letter(
            method: request.method.rawValue,
            path: request.uri.path,
            headers: Dictionary(request.headers.map { ($0.name.canonicalName, $0.value) }) { $1 },
            body: String(buffer: body)
        )
        let answer = state.withLock { state in
            state.letters.append(letter)
            return state.answers[letter.path]
        }
        let status = await answer?(letter) ?? 200
        return Response(status: .init(code: status), headers: status / 100 == 3 ? [.location: url("/moved")] : [:])
    }
}
