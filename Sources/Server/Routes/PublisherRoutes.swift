import HTTPTypes
import Hummingbird
import Pipeline

/// `/api/publishers`
struct PublisherRoutes: Sendable {
    let office: any Office
    let bodies: BodyReader
    let requests: PublisherRequest

    var endpoints: [Endpoint] {
        [
            Endpoint(.post, "/api/publishers", create),
            Endpoint(.get, "/api/publishers", list),
            Endpoint(.get, "/api/publishers/:id", show),
            Endpoint(.patch, "/api/publishers/:id", change),
            Endpoint(.delete, "/api/publishers/:id", delete),
        ]
    }

    @Sendable private func create(_ request: Request, _ context: Context) async throws -> Response {
        try await bodies.withJSON(of: request) { body in
            var creation = try requests.create(body)
            var topic: Topic?
            if let name = creation.topic {
                topic = try await office.topic(named: name)
                if topic == nil { creation.errors.add("topic", FieldErrors.invalid) }
            }
            guard creation.errors.isEmpty, let topic else { throw Refusal.fields(creation.errors) }
            do {
                let status = try await office.createPublisher(topicID: topic.id, creation.settings)
                let secret = creation.settings.secret?.current
                return .json(JSONWriter.data { $0.members(of: status, secret: secret) }, status: .created)
            } catch StoreError.taken {
                throw Self.taken
            }
        }
    }

    @Sendable private func list(_ request: Request, _ context: Context) async throws -> Response {
        let query = Query(request)
        let page = try Page(query, of: .publishers)
        var topicID: Int64?
        if let name = try query["topic"] {
            // The id of no topic has no publishers.
            topicID = try await office.topic(named: name)?.id ?? -1
        }
        let publishers = try await office.publishers(topicID: topicID, after: page.after, limit: page.limit + 1)
        return page.response(publishers, of: .publishers, id: \.publisher.id) { $0.members(of: $1) }
    }

    @Sendable private func show(_ request: Request, _ context: Context) async throws -> Response {
        let status = try await publisher(context)
        return .json(JSONWriter.data { $0.members(of: status) })
    }

    @Sendable private func change(_ request: Request, _ context: Context) async throws -> Response {
        try await bodies.withJSON(of: request) { body in
            let change = try requests.change(body)
            do {
                let id = try context.id(of: "publisher")
                guard let status = try await office.updatePublisher(id: id, { try change.settings(of: $0) }) else {
                    throw Self.unknown
                }
                return .json(JSONWriter.data { $0.members(of: status, secret: change.secret) })
            } catch StoreError.taken {
                throw Self.taken
            }
        }
    }

    /// Unlike any other id, one that never was is 400 here: that is what existing clients know.
    @Sendable private func delete(_ request: Request, _ context: Context) async throws -> Response {
        guard let id = try? context.id(of: "publisher"), try await office.deletePublisher(id: id) else {
            throw Refusal.badRequest("There is no such publisher.")
        }
        return Response(status: .noContent)
    }

    private func publisher(_ context: Context) async throws -> PublisherStatus {
        guard let status = try await office.publisher(id: context.id(of: "publisher")) else { throw Self.unknown }
        return status
    }

    private static let unknown = Refusal.notFound("There is no such publisher.")
    private static let taken = Refusal.conflict(FieldErrors("target", FieldErrors.taken))
}
