import Foundation

/// What one attempt looks like in the history: the JSON object that Postoffice has always sent there.
struct HistoryRecord {
    var publisher: Publisher
    /// As it was sent: with an HTTP publisher, with the attributes in it.
    var payload: [UInt8]
    /// A JSON object, or nothing.
    var attributes: [UInt8]
    /// What went wrong; nil: the target has it.
    var error: String?

    /// Bytes of the object at most, without making it.
    var maximumLength: Int {
        // An escaped character takes up to six bytes.
        payload.count + attributes.count + (publisher.settings.target.utf8.count + (error?.utf8.count ?? 0)) * 6 + 160
    }

    var bytes: [UInt8] {
        var bytes = Array(#"{"consumer_id":\#(publisher.id),"target":"#.utf8)
        bytes += Self.text(publisher.settings.publicTarget)
        bytes += Array(#","type":"\#(publisher.settings.type.rawValue)","message_payload":"#.utf8)
        bytes += payload
        bytes += Array(#","attributes":"#.utf8)
        bytes += attributes.isEmpty ? Array("{}".utf8) : attributes
        if let error {
            bytes += Array(#","error":"#.utf8)
            bytes += Self.text(error)
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    static func text(_ text: String) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        // A string can always be encoded.
        return (try? encoder.encode(text)) ?? Data(#""""#.utf8)
    }
}
