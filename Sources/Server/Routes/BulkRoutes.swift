import HTTPTypes
import Hummingbird
import Pipeline

/// `/api/bulk_messages`
struct BulkRoutes: Sendable {
    let office: any Office
    let bodies: BodyReader
    let limits: BulkRequest.Limits

    var endpoints: [Endpoint] { [Endpoint(.post, "/api/bulk_messages", accept)] }

    @Sendable private func accept(_ request: Request, _ context: Context) async throws -> Response {
        try IdempotencyKey.refuse(request)
        return try await bodies.withJSON(of: request) { body in
            let bulk: BulkRequest
            do {
                bulk = try BulkRequest(body, limits)
            } catch let failure as MessageFailure {
                throw Refusal.fields(failure.errors)
            }
            do {
                let ids = try await office.accept(
                    topic: bulk.topic,
                    payloads: bulk.payloads,
                    attributes: bulk.attributes
                )
                let answer = JSONWriter.data { json in
                    json.member("ids", array: { json in for id in ids { json.value(id) } })
                }
                return .json(answer, status: .created)
            } catch IntakeError.unknownTopic {
                throw Refusal.bulk("Topic does not exist")
            }
        }
    }
}
