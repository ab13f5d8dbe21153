import HTTPTypes
import Hummingbird

/// Keeps web pages of other sites away: no page in a user's browser can reach a server on the user's machine.
///
/// Browsers say where a request comes from, and no page can make them say something else. On loopback the name in
/// `Host` has to be a loopback name too, because a page can make a name of its own resolve to 127.0.0.1 (DNS rebinding).
struct OriginGuard<Context: RequestContext>: RouterMiddleware {
    /// Whether the server listens on loopback only.
    let onLoopback: Bool

    private let fetchSite = HTTPField.Name("Sec-Fetch-Site")!
    private let hostField = HTTPField.Name("Host")!

    init(onLoopback: Bool) {
        self.onLoopback = onLoopback
    }

    func handle(
        _ request: Request,
        context: Context,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        // The first Host became the authority; another one among the fields is one too many (RFC 9112, 3.2).
        guard let authority = request.head.authority, !authority.isEmpty, request.headers[hostField] == nil else {
            throw Refusal.badRequest("The request must have one Host.")
        }
        if request.headers[fetchSite] == "cross-site" { throw Self.crossSite }
        if let origin = request.headers[.origin], !Self.isOwn(origin, authority) { throw Self.crossSite }
        if onLoopback, !Loopback.isLoopback(authority: authority) {
            throw Refusal.forbidden("This server answers only to loopback names, such as localhost.")
        }
        return try await next(request, context)
    }

    private static var crossSite: Refusal { .forbidden("Requests from other sites are not allowed.") }

    /// Whether the origin is this server. The scheme does not tell: a proxy in front may have taken the TLS away.
    private static func isOwn(_ origin: String, _ authority: String) -> Bool {
        let origin = origin.lowercased()
        for (scheme, port) in [("http://", ":80"), ("https://", ":443")] where origin.hasPrefix(scheme) {
            let site = origin.dropFirst(scheme.count)
            let own = authority.lowercased()
            return site == own || site + port == own || site == own + port
        }
        return false
    }
}
