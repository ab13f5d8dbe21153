import HTTPTypes
import Hummingbird
import NIOCore

/// `/`: what there is, for whoever opens the server in a browser.
struct FrontPage: Sendable {
    let routes: [Endpoint]

    var endpoints: [Endpoint] {
        let lines = routes.map { endpoint in
            let method = endpoint.method.rawValue
            return "  " + method + String(repeating: " ", count: max(1, 8 - method.count)) + endpoint.path
        }
        let page = "Postoffice \(Version.current)\n\n" + lines.joined(separator: "\n") + "\n"
        return [
            Endpoint(.get, "/") { _, _ in
                Response(
                    status: .ok,
                    headers: [.contentType: "text/plain; charset=utf-8"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: page))
                )
            }
        ]
    }
}
