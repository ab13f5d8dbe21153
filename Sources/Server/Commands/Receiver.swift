import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Pipeline

/// Answers every request with one status, after it has read the body as the API does.
struct Receiver: HTTPResponder {
    typealias Context = BasicRequestContext

    static let maxBodyBytes = 1_073_741_824

    let status: HTTPResponse.Status
    let delay: Duration
    /// Shows a request; nil: nothing is shown.
    let print: (@Sendable (String) -> Void)?
    private let bodies = BodyReader(limit: maxBodyBytes, budget: ByteBudget(maxBodyBytes))

    init(status: HTTPResponse.Status, delay: Duration, print: (@Sendable (String) -> Void)?) {
        self.status = status
        self.delay = delay
        self.print = print
    }

    func respond(to request: Request, context: Context) async throws -> Response {
        do {
            return try await bodies.withBody(of: request) { body in
                print?(Self.text(request, body, status))
                if delay > .zero { try await Task.sleep(for: delay) }
                return Response(status: status)
            }
        } catch let failure as BodyReader.ReadFailure {
            throw failure.underlying
        }
    }

    /// The request as it stood on the wire, more or less, and what it was answered with.
    static func text(_ request: Request, _ body: ByteBuffer, _ status: HTTPResponse.Status) -> String {
        var now = ByteBuffer()
        now.writeRFC3339(Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)))
        var lines = ["\(String(buffer: now)) \(request.method.rawValue) \(request.head.path ?? "/") -> \(status.code)"]
        for field in request.headers { lines.append("  \(field.name.canonicalName): \(field.value)") }
        if body.readableBytes > 0 { lines.append("\n  \(String(buffer: body))\n") }
        return lines.joined(separator: "\n")
    }
}
