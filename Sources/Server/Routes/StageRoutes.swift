import HTTPTypes
import Hummingbird
import Pipeline

/// `/api/stages`
struct StageRoutes: Sendable {
    let office: any Office
    /// Whether stages can be made to crash.
    let faultInjection: Bool

    var endpoints: [Endpoint] {
        let open = [
            Endpoint(.get, "/api/stages", node),
            Endpoint(.get, "/api/stages/:id", tree),
        ]
        return faultInjection ? open + [Endpoint(.post, "/api/stages/:id/:stage/crash", crash)] : open
    }

    @Sendable private func node(_ request: Request, _ context: Context) async throws -> Response {
        let node = try await office.stages()
        return .json(JSONWriter.data { $0.members(of: node) })
    }

    @Sendable private func tree(_ request: Request, _ context: Context) async throws -> Response {
        guard let tree = try await office.stages(publisher: context.id(of: "publisher")) else {
            throw Refusal.notFound("There is no such publisher.")
        }
        return .json(JSONWriter.data { $0.members(of: tree) })
    }

    @Sendable private func crash(_ request: Request, _ context: Context) async throws -> Response {
        let id = try context.id(of: "publisher")
        guard let stage = context.parameters.get("stage"), office.crash(publisher: id, stage: stage) else {
            throw Refusal.notFound("There is no such stage on this node.")
        }
        return .json(
            JSONWriter.data {
                $0.member("publisher_id", id)
                $0.member("stage", stage)
            },
            status: .accepted
        )
    }
}
