import NIOCore
import Pipeline

/// The members that messages are posted with, found in a request's body and not taken apart. The hot path.
struct MessageMembers {
    private let body: ByteBuffer
    private(set) var topic: JSONMember?
    private(set) var payload: JSONMember?
    private(set) var attributes: JSONMember?
    private(set) var scheduleAt: JSONMember?

    /// The topic's name, if it is a string.
    private(set) var name: String?
    /// How many attributes there are, if they are strings.
    private(set) var countOfAttributes: Int?

    /// - Throws: `Refusal.malformed`.
    init(_ body: ByteBuffer) throws {
        self.body = body
        let bytes = body.readableBytesSpan
        do {
            var members = JSONMembers()
            while let member = try members.next(in: bytes) {
                if member.isNamed("payload", in: bytes) {
                    payload = member
                } else if member.isNamed("topic", in: bytes) {
                    topic = member
                } else if member.isNamed("attributes", in: bytes) {
                    attributes = member
                } else if member.isNamed("schedule_at", in: bytes) {
                    scheduleAt = member
                }
            }
        } catch {
            throw Refusal.malformed(error)
        }
        name = topic?.string(in: bytes)
        countOfAttributes = attributes.flatMap { JSONMembers.countOfStrings(bytes.extracting($0.value)) }
    }

    /// What stands there, byte for byte.
    func slice(_ range: Range<Int>) -> [UInt8] {
        body.getBytes(at: body.readerIndex + range.lowerBound, length: range.count) ?? []
    }

    /// The attributes as they were sent; empty when there are none.
    var attributeBytes: [UInt8] {
        guard let attributes, countOfAttributes != 0 else { return [] }
        return slice(attributes.value)
    }

    /// What is wrong with topic, payload and attributes, and the topic if that one may be right.
    var failure: MessageFailure {
        var failure = MessageFailure()
        if topic == nil || topic?.kind == .null || name?.isBlank == true {
            failure.errors.add("topic", FieldErrors.blank)
        } else if name == nil {
            failure.errors.add("topic", FieldErrors.invalid)
        } else {
            failure.topic = name
        }
        if payload == nil || payload?.kind == .null { failure.errors.add("payload", FieldErrors.blank) }
        if attributes == nil || attributes?.kind == .null {
            failure.errors.add("attributes", FieldErrors.blank)
        } else if countOfAttributes == nil {
            failure.errors.add("attributes", FieldErrors.invalid)
        }
        return failure
    }
}
