import HTTPTypes
import Hummingbird
import Pipeline

/// What a hand does with a publisher and its messages: `/api/publishers/{id}/…`, `/api/messages/{id}/replay`
struct OperationRoutes: Sendable {
    let office: any Office
    let bodies: BodyReader

    var endpoints: [Endpoint] {
        [
            Endpoint(.post, "/api/publishers/:id/pause") { try await setActive(false, $0, $1) },
            Endpoint(.post, "/api/publishers/:id/resume") { try await setActive(true, $0, $1) },
            Endpoint(.post, "/api/publishers/:id/restart", restart),
            Endpoint(.post, "/api/publishers/:id/retry", retry),
            Endpoint(.post, "/api/publishers/:id/discard", discard),
            Endpoint(.post, "/api/publishers/:id/replay", replay),
            Endpoint(.post, "/api/publishers/:id/rotate-secret", rotateSecret),
            Endpoint(.post, "/api/messages/:id/replay", replayMessage),
        ]
    }

    private func setActive(_ active: Bool, _ request: Request, _ context: Context) async throws -> Response {
        let id = try context.id(of: "publisher")
        guard let status = try await office.setActive(publisher: id, active) else { throw Self.unknown }
        return .json(JSONWriter.data { $0.members(of: status) })
    }

    @Sendable private func restart(_ request: Request, _ context: Context) async throws -> Response {
        let id = try context.id(of: "publisher")
        guard try await office.restartPublisher(id: id), let status = try await office.publisher(id: id) else {
            throw Self.unknown
        }
        return .json(JSONWriter.data { $0.members(of: status) })
    }

    @Sendable private func retry(_ request: Request, _ context: Context) async throws -> Response {
        let id = try context.id(of: "publisher")
        let dead = try await body(of: request) { $0.bool("dead") ?? false }
        return try counted(await office.retry(publisher: id, dead: dead))
    }

    @Sendable private func discard(_ request: Request, _ context: Context) async throws -> Response {
        let id = try context.id(of: "publisher")
        let messages = try await body(of: request) { OperationRequest.discarded(&$0) }
        return try counted(await office.discard(publisher: id, messages: messages))
    }

    @Sendable private func replay(_ request: Request, _ context: Context) async throws -> Response {
        let id = try context.id(of: "publisher")
        switch try await body(of: request, { OperationRequest.replayed(&$0) }) {
        case .messages(let ids):
            return try counted(await office.replay(publisher: id, messages: ids))
        case .range(let from, let to):
            switch try await office.replay(publisher: id, from: from, to: to) {
            case .unknownPublisher: throw Self.unknown
            case .underWay: throw Refusal.busy("Another range of this publisher is being replayed.")
            case .started(let count): return .json(JSONWriter.data { $0.member("count", count) })
            }
        }
    }

    @Sendable private func rotateSecret(_ request: Request, _ context: Context) async throws -> Response {
        let id = try context.id(of: "publisher")
        if try await office.publisher(id: id)?.publisher.settings.type == .pubsub {
            throw Refusal.field("secret", FieldErrors.notForPubSub)
        }
        guard let (status, secret) = try await office.rotateSecret(publisher: id) else { throw Self.unknown }
        return .json(JSONWriter.data { $0.members(of: status, secret: secret) })
    }

    @Sendable private func replayMessage(_ request: Request, _ context: Context) async throws -> Response {
        let id = try context.id(of: "message")
        let publisher = try await body(of: request) { $0.id("publisher") }
        if let publisher, try await office.publisher(id: publisher) == nil {
            throw Refusal.field("publisher", FieldErrors.invalid)
        }
        guard let count = try await office.replay(message: id, publisher: publisher) else {
            throw Refusal.notFound("There is no such message.")
        }
        return try counted(count)
    }

    /// Reads what the operation needs to know; there may be no body at all.
    ///
    /// - Throws: `Refusal`.
    private func body<Value>(of request: Request, _ read: (inout Fields) -> Value) async throws -> Value {
        try await bodies.withJSON(of: request) { body in
            var fields = try Fields(body, isOptional: true)
            let value = read(&fields)
            try fields.check()
            return value
        }
    }

    private func counted(_ count: Int?) throws -> Response {
        guard let count else { throw Self.unknown }
        return .json(JSONWriter.data { $0.member("count", count) })
    }

    private static let unknown = Refusal.notFound("There is no such publisher.")
}
