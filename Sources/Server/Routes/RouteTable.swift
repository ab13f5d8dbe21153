import HTTPTypes
import Hummingbird

/// All endpoints: the router is made from them, and asked what an address answers to when the router has said no.
struct RouteTable: Sendable {
    let endpoints: [Endpoint]

    /// The methods that the address answers to; none when there is nothing at the address.
    func methods(at path: String) -> [HTTPRequest.Method] {
        let segments = path.split(separator: "/")
        var methods: [HTTPRequest.Method] = []
        for endpoint in endpoints {
            let template = endpoint.path.split(separator: "/")
            guard template.count == segments.count else { continue }
            guard zip(template, segments).allSatisfy({ $0.first == ":" || $0 == $1 }) else { continue }
            methods.append(endpoint.method)
            if endpoint.method == .get { methods.append(.head) }
        }
        return methods
    }

    func register(in router: Router<Context>) {
        for endpoint in endpoints {
            router.on(RouterPath(endpoint.path), method: endpoint.method) { request, context in
                try await endpoint.handler(request, context)
            }
        }
    }
}
