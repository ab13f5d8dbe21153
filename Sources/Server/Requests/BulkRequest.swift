import NIOCore
import Pipeline

/// The body of `POST /api/bulk_messages`: many messages of one topic with the same attributes. Sliced, never decoded.
struct BulkRequest {
    /// What one request may bring.
    struct Limits: Sendable {
        /// Messages.
        var count = 3000
        /// Bytes of all messages together. Each has the attributes of its own, which the request names only once.
        var bytes = 67_108_864
    }

    var topic: String
    /// The elements' bytes as they were sent.
    var payloads: [[UInt8]]
    /// The attributes' bytes as they were sent; empty when there are none.
    var attributes: [UInt8]

    /// - Throws: `Refusal.malformed`; `Refusal.bulk` and `Refusal.bulkTooLarge` for more than the limits allow, whatever
    ///   else is wrong; `MessageFailure` when fields are missing or wrong.
    init(_ body: ByteBuffer, _ limits: Limits) throws {
        let members = try MessageMembers(body)
        var failure = members.failure
        payloads = []
        if let payload = members.payload, payload.kind == .array {
            let elements = try Self.elements(body.readableBytesSpan.extracting(payload.value), limits.count)
            if elements.contains(where: { $0.kind == .null }) { failure.errors.add("payload", FieldErrors.invalid) }
            if failure.errors.isEmpty {
                let start = payload.value.lowerBound
                payloads = elements.map { element in
                    members.slice(start + element.value.lowerBound..<start + element.value.upperBound)
                }
            }
        } else if members.payload != nil, members.payload?.kind != .null {
            failure.errors.add("payload", FieldErrors.invalid)
        }
        guard failure.errors.isEmpty, let topic = failure.topic else { throw failure }
        self.topic = topic
        attributes = members.attributeBytes
        let bytes = payloads.reduce(payloads.count * attributes.count) { $0 + $1.count }
        guard bytes <= limits.bytes else { throw Refusal.bulkTooLarge(limit: limits.bytes) }
    }

    /// The text has been checked with the whole body.
    private static func elements(_ bytes: RawSpan, _ limit: Int) throws -> [JSONElements.Element] {
        var elements: [JSONElements.Element] = []
        var rest = JSONElements()
        while let element = try rest.next(in: bytes) {
            guard elements.count < limit else { throw Refusal.bulk("Exceed max messages to ingest in bulk") }
            elements.append(element)
        }
        return elements
    }
}
