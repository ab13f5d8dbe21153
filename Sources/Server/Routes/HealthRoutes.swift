import HTTPTypes
import Hummingbird
import NIOCore

/// `/api/health` and `/api/ready`
struct HealthRoutes: Sendable {
    let office: any Office

    var endpoints: [Endpoint] {
        [
            Endpoint(.get, "/api/health", health),
            Endpoint(.get, "/api/ready", ready),
        ]
    }

    /// The process serves; what it depends on is not asked.
    @Sendable private func health(_ request: Request, _ context: Context) async throws -> Response {
        .json(ByteBuffer(string: #"{"status":"ok"}"#))
    }

    /// Whether a load balancer should send requests here.
    @Sendable private func ready(_ request: Request, _ context: Context) async throws -> Response {
        let checks = await office.readiness()
        let isReady = checks.allSatisfy { $0.problem == nil }
        let body = JSONWriter.document { json in
            json.member("status", isReady ? "ok" : "unavailable")
            json.member(
                "checks",
                object: { json in
                    for (check, problem) in checks { json.member(check, problem ?? "ok") }
                }
            )
        }
        var response = Response.json(body, status: isReady ? .ok : .serviceUnavailable)
        if !isReady { response.headers[.retryAfter] = "1" }
        return response
    }
}
