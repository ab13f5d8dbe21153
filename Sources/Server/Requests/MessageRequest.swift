import NIOCore
import Pipeline

/// The body of `POST /api/messages`: sliced, never decoded. The hot path.
struct MessageRequest {
    var topic: String
    /// The payload's bytes as they were sent.
    var payload: [UInt8]
    /// The attributes' bytes as they were sent; empty when there are none.
    var attributes: [UInt8]

    /// - Throws: `Refusal.malformed`; `Failure` when fields are missing or wrong.
    init(_ body: ByteBuffer) throws {
        let bytes = body.readableBytesSpan
        var topic: JSONMember?
        var payload: JSONMember?
        var attributes: JSONMember?
        do {
            var members = JSONMembers()
            while let member = try members.next(in: bytes) {
                if member.isNamed("payload", in: bytes) {
                    payload = member
                } else if member.isNamed("topic", in: bytes) {
                    topic = member
                } else if member.isNamed("attributes", in: bytes) {
                    attributes = member
                }
            }
        } catch {
            throw Refusal.malformed(error)
        }

        let name = topic?.string(in: bytes)
        let strings = attributes.flatMap { JSONMembers.countOfStrings(bytes.extracting($0.value)) }
        guard let name, !name.isBlank, let payload, payload.kind != .null, let attributes, let strings else {
            throw Failure(topic: topic, name: name, payload: payload, attributes: attributes, strings: strings)
        }
        self.topic = name
        self.payload = Self.slice(body, payload.value)
        self.attributes = strings == 0 ? [] : Self.slice(body, attributes.value)
    }

    private static func slice(_ body: ByteBuffer, _ range: Range<Int>) -> [UInt8] {
        body.getBytes(at: body.readerIndex + range.lowerBound, length: range.count) ?? []
    }

    /// What is wrong with the fields, and the topic if that one may be right: whether it exists is another question.
    struct Failure: Error {
        var errors = FieldErrors()
        var topic: String?

        fileprivate init(
            topic: JSONMember?,
            name: String?,
            payload: JSONMember?,
            attributes: JSONMember?,
            strings: Int?
        ) {
            if topic == nil || topic?.kind == .null || name?.isBlank == true {
                errors.add("topic", FieldErrors.blank)
            } else if name == nil {
                errors.add("topic", FieldErrors.invalid)
            } else {
                self.topic = name
            }
            if payload == nil || payload?.kind == .null { errors.add("payload", FieldErrors.blank) }
            if attributes == nil || attributes?.kind == .null {
                errors.add("attributes", FieldErrors.blank)
            } else if strings == nil {
                errors.add("attributes", FieldErrors.invalid)
            }
        }
    }
}
