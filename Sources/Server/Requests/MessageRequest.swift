import NIOCore
import Pipeline

/// The body of `POST /api/messages`: sliced, never decoded. The hot path.
struct MessageRequest {
    var topic: String
    /// The payload's bytes as they were sent.
    var payload: [UInt8]
    /// The attributes' bytes as they were sent; empty when there are none.
    var attributes: [UInt8]

    /// - Throws: `Refusal.malformed`; `MessageFailure` when fields are missing or wrong.
    init(_ body: ByteBuffer) throws {
        try self.init(MessageMembers(body))
    }

    /// - Throws: `MessageFailure` when fields are missing or wrong.
    init(_ members: MessageMembers) throws {
        guard let name = members.name, !name.isBlank, let payload = members.payload, payload.kind != .null,
            members.countOfAttributes != nil
        else { throw members.failure }
        topic = name
        self.payload = members.slice(payload.value)
        attributes = members.attributeBytes
    }
}
