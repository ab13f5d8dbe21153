import HTTPTypes
import Hummingbird
import NIOCore
import Pipeline

/// `/api/messages`
struct MessageRoutes: Sendable {
    let office: any Office
    let bodies: BodyReader

    private let idempotencyKey = HTTPField.Name("Idempotency-Key")!

    init(office: any Office, bodies: BodyReader) {
        self.office = office
        self.bodies = bodies
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(.post, "/api/messages", accept),
            Endpoint(.get, "/api/messages/:id", show),
        ]
    }

    @Sendable private func accept(_ request: Request, _ context: Context) async throws -> Response {
        guard request.headers[idempotencyKey] == nil else {
            throw Refusal.badRequest("Idempotency-Key is not supported yet.")
        }
        return try await bodies.withJSON(of: request) { body in
            let message: MessageRequest
            do {
                message = try MessageRequest(body)
            } catch let failure as MessageRequest.Failure {
                throw Refusal.fields(try await completed(failure))
            }
            let id = try await office.accept(
                topic: message.topic,
                payload: message.payload,
                attributes: message.attributes
            )
            return .json(JSONWriter.data { $0.member("id", id) }, status: .created)
        }
    }

    /// All failing fields are told together, so a request that is refused anyway has its topic looked up as well.
    private func completed(_ failure: MessageRequest.Failure) async throws -> FieldErrors {
        guard let topic = failure.topic, try await office.topic(named: topic) == nil else { return failure.errors }
        var errors = FieldErrors("topic", FieldErrors.invalid)
        for (name, messages) in failure.errors.fields {
            for message in messages { errors.add(name, message) }
        }
        return errors
    }

    @Sendable private func show(_ request: Request, _ context: Context) async throws -> Response {
        guard let status = try await office.message(id: context.id(of: "message")) else {
            throw Refusal.notFound("There is no such message.")
        }
        return .json(JSONWriter.data { $0.members(of: status) })
    }
}
