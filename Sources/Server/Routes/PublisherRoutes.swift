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
            Endpoint(.post, "/api/publishers/:id/pause") { try await setActive(false, $0, $1) },
            Endpoint(.post, "/api/publishers/:id/resume") { try await setActive(true, $0, $1) },
            Endpoint(.post, "/api/publishers/:id/restart", restart),
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
                return .json(JSONWriter.data { $0.members(of: status) }, status: .created)
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
            try await apply(to: context.id(of: "publisher")) { try requests.change($0, body) }
        }
    }

    /// Unlike any other id, one that never was is 400 here: that is what existing clients know.
    @Sendable private func delete(_ request: Request, _ context: Context) async throws -> Response {
        guard let id = try? context.id(of: "publisher"), try await office.deletePublisher(id: id) else {
            throw Refusal.badRequest("There is no such publisher.")
        }
        return Response(status: .noContent)
    }

    @Sendable private func restart(_ request: Request, _ context: Context) async throws -> Response {
        guard try await office.restartPublisher(id: context.id(of: "publisher")) else { throw Self.unknown }
        return try await show(request, context)
    }

    private func setActive(_ active: Bool, _ request: Request, _ context: Context) async throws -> Response {
        try await apply(to: context.id(of: "publisher")) { publisher in
            var settings = publisher.settings
            settings.active = active
            return settings
        }
    }

    private func apply(
        to id: Int64,
        _ change: @escaping @Sendable (Publisher) throws -> PublisherSettings
    ) async throws -> Response {
        do {
            guard let status = try await office.updatePublisher(id: id, change) else { throw Self.unknown }
            return .json(JSONWriter.data { $0.members(of: status) })
        } catch StoreError.taken {
            throw Self.taken
        }
    }

    private func publisher(_ context: Context) async throws -> PublisherStatus {
        guard let status = try await office.publisher(id: context.id(of: "publisher")) else { throw Self.unknown }
        return status
    }

    private static let unknown = Refusal.notFound("There is no such publisher.")
    private static let taken = Refusal.conflict(FieldErrors("target", FieldErrors.taken))
}
