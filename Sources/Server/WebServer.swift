import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Pipeline

/// The HTTP server: what it answers to, and the stack below, which `serve` and `listen` share.
struct WebServer: Sendable {
    struct Settings: Sendable {
        var host = "127.0.0.1"
        /// 0 takes any free port.
        var port = 4000
        /// Bytes of one request's body.
        var maxBodyBytes = 8_000_000
        /// Messages of one bulk request.
        var maxBulkMessages = 3000
        /// Connections that are open at once; others wait in the system's queue.
        var maxConnections = 1024
        /// A connection that sends nothing for so long is closed.
        var idleTimeout: Duration = .seconds(75)
    }

    let settings: Settings
    let logger: Logger
    /// Called with the port once the server listens.
    var onListening: @Sendable (Int) async -> Void = { _ in }

    /// Answers to the routes of the API.
    func application(
        for office: any Office,
        publishers: PublisherRequest,
        topics: TopicRequest,
        maxBufferBytes: Int,
        faultInjection: Bool
    ) -> Application<RouterResponder<Context>> {
        let bodies = BodyReader(limit: settings.maxBodyBytes, budget: ByteBudget(maxBufferBytes))
        let api =
            TopicRoutes(office: office, bodies: bodies, requests: topics).endpoints
            + PublisherRoutes(office: office, bodies: bodies, requests: publishers).endpoints
            + OperationRoutes(office: office, bodies: bodies).endpoints
            + MessageRoutes(office: office, bodies: bodies).endpoints
            + BulkRoutes(office: office, bodies: bodies, limits: bulkLimits(maxBufferBytes)).endpoints
            + ScheduleRoutes(office: office, bodies: bodies).endpoints
            + StageRoutes(office: office, faultInjection: faultInjection).endpoints
            + HealthRoutes(office: office).endpoints
        let routes = RouteTable(endpoints: api + FrontPage(routes: api).endpoints)
        let router = Router(context: Context.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: ErrorEnvelope(routes: routes))
        router.add(middleware: OriginGuard(onLoopback: Loopback.isLoopback(host: settings.host)))
        routes.register(in: router)
        return application(responder: router.buildResponder())
    }

    /// The attributes are in the body once, and in memory and on disk with each message.
    private func bulkLimits(_ maxBufferBytes: Int) -> BulkRequest.Limits {
        BulkRequest.Limits(
            count: settings.maxBulkMessages,
            bytes: max(settings.maxBodyBytes, maxBufferBytes / 4)
        )
    }

    /// Answers as the responder does.
    func application<Responder: HTTPResponder<Context>>(responder: Responder) -> Application<Responder> {
        let onListening = onListening
        return Application(
            responder: responder,
            server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(settings.host, port: settings.port),
                availableConnectionsDelegate: MaximumAvailableConnections(settings.maxConnections)
            ),
            onServerRunning: { await onListening($0.localAddress?.port ?? 0) },
            logger: logger
        )
    }

    /// HTTP/1.1. A client that asks before it sends a large body (curl does) is told to go on, unless the body would be
    /// refused for its size anyway.
    private var server: HTTPServerBuilder {
        let settings = settings
        let idleTimeout = TimeAmount(settings.idleTimeout)
        return HTTPServerBuilder { responder in
            HTTP1Channel(
                responder: { request, writer, channel in
                    if request.headers[.expect]?.lowercased() == "100-continue",
                        request.headers[.contentLength].flatMap({ Int($0) }) ?? 0 <= settings.maxBodyBytes
                    {
                        try await writer.writeInformationalHead(HTTPResponse(status: .continue))
                    }
                    try await responder(request, writer, channel)
                },
                configuration: HTTP1Channel.Configuration(idleTimeout: idleTimeout)
            )
        }
    }
}
