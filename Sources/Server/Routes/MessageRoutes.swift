import HTTPTypes
import Hummingbird
import NIOCore
import Pipeline

/// `/api/messages`
struct MessageRoutes: Sendable {
    let office: any Office
    let bodies: BodyReader

    var endpoints: [Endpoint] {
        [
            Endpoint(.post, "/api/messages", accept),
            Endpoint(.get, "/api/messages/:id", show),
        ]
    }

    @Sendable private func accept(_ request: Request, _ context: Context) async throws -> Response {
        try IdempotencyKey.refuse(request)
        return try await bodies.withJSON(of: request) { body in
            let message: MessageRequest
            do {
                message = try MessageRequest(body)
            } catch let failure as MessageFailure {
                throw Refusal.fields(try await failure.completed(by: office))
            }
            let id = try await office.accept(
                topic: message.topic,
                payload: message.payload,
                attributes: message.attributes
            )
            return .json(JSONWriter.data { $0.member("id", id) }, status: .created)
        }
    }

    @Sendable private func show(_ request: Request, _ context: Context) async throws -> Response {
        guard let status = try await office.message(id: context.id(of: "message")) else {
            throw Refusal.notFound("There is no such message.")
        }
        return .json(JSONWriter.data { $0.members(of: status) })
    }
}
