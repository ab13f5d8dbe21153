import HTTPTypes
import Hummingbird
import Pipeline

/// `/api/schedule_messages`
struct ScheduleRoutes: Sendable {
    let office: any Office
    let bodies: BodyReader

    var endpoints: [Endpoint] {
        [
            Endpoint(.post, "/api/schedule_messages", schedule),
            Endpoint(.get, "/api/schedule_messages", list),
            Endpoint(.get, "/api/schedule_messages/:id", show),
            Endpoint(.delete, "/api/schedule_messages/:id", delete),
        ]
    }

    @Sendable private func schedule(_ request: Request, _ context: Context) async throws -> Response {
        try IdempotencyKey.refuse(request)
        return try await bodies.withJSON(of: request) { body in
            let scheduled: ScheduleRequest
            do {
                scheduled = try ScheduleRequest(body)
            } catch let failure as MessageFailure {
                throw Refusal.fields(try await failure.completed(by: office))
            }
            let id = try await office.schedule(
                topic: scheduled.message.topic,
                payload: scheduled.message.payload,
                attributes: scheduled.message.attributes,
                dueAt: scheduled.time
            )
            return .json(JSONWriter.data { $0.member("id", id) }, status: .created)
        }
    }

    /// By due time: those that wait, or with `released=true` those that have been released.
    @Sendable private func list(_ request: Request, _ context: Context) async throws -> Response {
        let query = Query(request)
        let page = try Page(query, of: .scheduledMessages, count: 2)
        var released = false
        if let text = try query["released"] {
            guard let choice = FieldValue.string(text).bool else {
                throw Refusal.field("released", FieldErrors.invalid)
            }
            released = choice
        }
        var topicID: Int64?
        if let name = try query["topic"] {
            // A list of a topic that there is not has nothing in it.
            topicID = try await office.topic(named: name)?.id ?? 0
        }
        let messages = try await office.scheduledMessages(
            released: released,
            topicID: topicID,
            after: page.place.map { ScheduledPosition(dueAt: Timestamp(milliseconds: $0[0]), id: $0[1]) } ?? .start,
            limit: page.limit + 1
        )
        return page.response(messages, of: .scheduledMessages, place: \.place) { $0.members(of: $1) }
    }

    @Sendable private func show(_ request: Request, _ context: Context) async throws -> Response {
        guard let message = try await office.scheduledMessage(id: context.id(of: Self.kind)) else {
            throw Self.unknown
        }
        return .json(JSONWriter.data { $0.members(of: message) })
    }

    @Sendable private func delete(_ request: Request, _ context: Context) async throws -> Response {
        switch try await office.deleteScheduledMessage(id: context.id(of: Self.kind)) {
        case .deleted: return Response(status: .noContent)
        case .alreadyReleased: throw Refusal.busy("The message has been released into its topic's log already.")
        case .unknown: throw Self.unknown
        }
    }

    private static let kind = "scheduled message"
    private static let unknown = Refusal.notFound("There is no such \(kind).")
}

extension ScheduledMessage {
    /// As the list's cursors have it.
    fileprivate var place: [Int64] { [dueAt.milliseconds, id] }
}
