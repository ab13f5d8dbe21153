/// A POST as it is sent over and over; only the time of its start, and the number in its header, change.
struct LoadRequest {
    var url: String
    var headers: [String]
    var body: [UInt8]
    /// Where in the body the digits of the start are.
    var startDigits: Range<Int>
    /// The name of a header that carries the request's number; nil for none.
    var numberHeader: String?

    /// A payload as it is delivered to a receiver.
    static func delivery(to url: String, payload: Payload) -> LoadRequest {
        LoadRequest(
            url: url,
            headers: ["content-type: application/json", "postoffice-topic: bench", "postoffice-attempt: 1"],
            body: payload.bytes,
            startDigits: Payload.prefix.count..<Payload.prefix.count + Payload.digits,
            numberHeader: "message-id"
        )
    }

    /// A payload as it is posted to a topic.
    static func message(to url: String, topic: String, payload: Payload) -> LoadRequest {
        let prefix = Array(#"{"topic":"\#(topic)","attributes":{},"payload":"#.utf8)
        let offset = prefix.count + Payload.prefix.count
        return LoadRequest(
            url: url,
            headers: ["content-type: application/json"],
            body: prefix + payload.bytes + Array("}".utf8),
            startDigits: offset..<offset + Payload.digits,
            numberHeader: nil
        )
    }
}
