import HTTPTypes
import Hummingbird
import Pipeline

/// `/api/topics`
struct TopicRoutes: Sendable {
    let office: any Office
    let bodies: BodyReader
    let requests: TopicRequest

    var endpoints: [Endpoint] {
        [
            Endpoint(.post, "/api/topics", create),
            Endpoint(.get, "/api/topics", list),
            Endpoint(.get, "/api/topics/:id", show),
            Endpoint(.patch, "/api/topics/:id", change),
            Endpoint(.delete, "/api/topics/:id", delete),
        ]
    }

    @Sendable private func create(_ request: Request, _ context: Context) async throws -> Response {
        try await bodies.withJSON(of: request) { body in
            let settings = try requests.create(body)
            let taken = Refusal.conflict(FieldErrors("name", FieldErrors.taken))
            guard settings.name != TopicRequest.noticesName else { throw taken }
            do {
                let topic = try await office.createTopic(settings)
                return .json(JSONWriter.data { $0.members(of: topic) }, status: .created)
            } catch StoreError.taken {
                throw taken
            }
        }
    }

    @Sendable private func list(_ request: Request, _ context: Context) async throws -> Response {
        let query = Query(request)
        let page = try Page(query, of: .topics)
        let topics = try await office.topics(named: query["name"], after: page.after, limit: page.limit + 1)
        return page.response(topics, of: .topics, id: \.id) { $0.members(of: $1) }
    }

    @Sendable private func show(_ request: Request, _ context: Context) async throws -> Response {
        let topic = try await topic(context)
        let publishers = try await office.publisherCount(topicID: topic.id)
        let oldest = try await office.oldestMessage(topicID: topic.id)
        return .json(
            JSONWriter.data {
                $0.members(of: topic)
                $0.member("received", topic.receivedCount)
                $0.member("publishers", publishers)
                $0.member("inserted_at", topic.insertedAt)
                $0.members(of: oldest)
                $0.member("recovery", office.recovery(of: topic))
            }
        )
    }

    @Sendable private func change(_ request: Request, _ context: Context) async throws -> Response {
        try await bodies.withJSON(of: request) { body in
            let changed = try await office.updateTopic(id: context.id(of: "topic")) {
                try requests.change($0.settings, body)
            }
            guard let changed else { throw Self.unknown }
            return .json(JSONWriter.data { $0.members(of: changed) })
        }
    }

    @Sendable private func delete(_ request: Request, _ context: Context) async throws -> Response {
        guard try await office.deleteTopic(id: context.id(of: "topic")) else { throw Self.unknown }
        return Response(status: .noContent)
    }

    private func topic(_ context: Context) async throws -> Topic {
        guard let topic = try await office.topic(id: context.id(of: "topic")) else { throw Self.unknown }
        return topic
    }

    private static let unknown = Refusal.notFound("There is no such topic.")
}
