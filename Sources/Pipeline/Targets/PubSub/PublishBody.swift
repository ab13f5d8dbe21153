import Foundation

/// Makes the body of a publish call: `{"messages":[{"data":"…","attributes":{…},"orderingKey":"…"},…]}`.
///
/// A payload's bytes are the data, in base64, and the attributes are the attributes, as they were accepted. Nothing else
/// is added.
struct PublishBody {
    private static let start = Array(#"{"messages":["#.utf8)
    private static let end = Array("]}".utf8)
    private static let data = Array(#"{"data":""#.utf8)
    private static let attributes = Array(#","attributes":"#.utf8)

    /// What ends each message: its ordering key, if it has one, and the brace.
    private let closing: [UInt8]

    init(orderingKey: String? = nil) {
        guard let orderingKey else {
            closing = [UInt8(ascii: "}")]
            return
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        // A string can always be encoded.
        let key = (try? encoder.encode(orderingKey)) ?? Data(#""""#.utf8)
        closing = Array(#","orderingKey":"#.utf8) + key + [UInt8(ascii: "}")]
    }

    /// Bytes of a body without messages.
    static let emptyLength = start.count + end.count

    /// Bytes that a message adds to a body at most, in base64.
    func length(of message: Message) -> Int {
        let named = message.attributes.isEmpty ? 0 : Self.attributes.count + message.attributes.count
        return Self.data.count + (message.payload.count + 2) / 3 * 4 + 1 + named + closing.count + 1
    }

    func bytes(of messages: some Collection<Message>) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(messages.reduce(Self.emptyLength) { $0 + length(of: $1) })
        body += Self.start
        for (index, message) in messages.enumerated() {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            body += Self.data
            body += Data(message.payload).base64EncodedData()
            body.append(UInt8(ascii: "\""))
            if !message.attributes.isEmpty {
                body += Self.attributes
                body += message.attributes
            }
            body += closing
        }
        body += Self.end
        return body
    }
}
