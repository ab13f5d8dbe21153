import NIOCore
import Pipeline

/// The body of `POST /api/schedule_messages`: a message, and when it is to be sent.
struct ScheduleRequest {
    var message: MessageRequest
    var time: Timestamp

    /// - Throws: `Refusal.malformed`; `MessageFailure` when fields are missing or wrong.
    init(_ body: ByteBuffer) throws {
        let members = try MessageMembers(body)
        var failure = members.failure
        let time = Self.time(members.scheduleAt, body, &failure.errors)
        guard let time, failure.errors.isEmpty else { throw failure }
        message = try MessageRequest(members)
        self.time = time
    }

    private static func time(_ member: JSONMember?, _ body: ByteBuffer, _ errors: inout FieldErrors) -> Timestamp? {
        let text = member?.string(in: body.readableBytesSpan)
        guard let member, member.kind != .null, text?.isBlank != true else {
            errors.add("schedule_at", FieldErrors.blank)
            return nil
        }
        guard let text, let time = Timestamp(rfc3339: text) else {
            errors.add("schedule_at", FieldErrors.invalid)
            return nil
        }
        return time
    }
}
