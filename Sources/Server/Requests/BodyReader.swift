import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// Reads the bodies of requests into memory, each within its own limit and all of them together within a budget.
struct BodyReader: Sendable {
    /// The connection failed, or what came was no HTTP: the server's own to answer.
    struct ReadFailure: Error {
        var underlying: any Error
    }

    /// Bytes of one body.
    let limit: Int
    let budget: ByteBudget

    /// Hands the body to `handle`; its bytes count in the budget until `handle` has returned.
    ///
    /// - Throws: `Refusal` for a body that is too large, of another type or beyond the budget; `ReadFailure`.
    func withBody<Result>(
        of request: Request,
        _ handle: (ByteBuffer) async throws -> Result
    ) async throws -> Result {
        var held = 0
        defer { budget.release(held) }
        return try await handle(collect(request, &held))
    }

    /// As `withBody`, for a body that has to be JSON.
    func withJSON<Result>(
        of request: Request,
        _ handle: (ByteBuffer) async throws -> Result
    ) async throws -> Result {
        try await withBody(of: request) { body in
            // Without a body there is no type either: that the body is missing says more.
            guard body.readableBytes == 0 || ContentType.isJSON(request.headers) else {
                throw Refusal.unsupportedMediaType
            }
            return try await handle(body)
        }
    }

    private func collect(_ request: Request, _ held: inout Int) async throws -> ByteBuffer {
        let announced = request.headers[.contentLength].flatMap { Int($0) }
        guard announced ?? 0 <= limit else { throw Refusal.bodyTooLarge(limit: limit) }
        var body = ByteBuffer()
        var parts = request.body.makeAsyncIterator()
        while let part = try await next(&parts) {
            guard body.readableBytes + part.readableBytes <= limit else { throw Refusal.bodyTooLarge(limit: limit) }
            guard budget.reserve(part.readableBytes) else {
                throw Refusal.unavailable("Too many messages are waiting to be stored.", retryAfter: 1)
            }
            held += part.readableBytes
            if body.readableBytes == 0 {
                body = part
            } else {
                if let announced { body.reserveCapacity(announced) }
                body.writeImmutableBuffer(part)
            }
        }
        return body
    }

    private func next(_ parts: inout RequestBody.AsyncIterator) async throws -> ByteBuffer? {
        do {
            return try await parts.next()
        } catch {
            throw ReadFailure(underlying: error)
        }
    }
}
