/// What a receiver gets as the body of a request.
///
/// The payload's bytes as they were accepted; if the payload is an object and there are attributes, with one top-level
/// member more, `attributes`. One that is there already is replaced; no other byte changes.
package enum RequestBody {
    /// What the member adds to a body beyond the attributes themselves.
    private static let name = Array(#","attributes":"#.utf8)

    /// At most this many bytes for a message of so many bytes, whose payload and attributes count together. For
    /// reserving memory before the message is read.
    package static func maximumLength(messageBytes: Int) -> Int {
        messageBytes + name.count
    }

    /// - Parameter form: `payload` leaves the attributes out.
    package static func bytes(of message: Message, form: PublisherSettings.Body) -> [UInt8] {
        switch form {
        case .payload: message.payload
        case .payloadWithAttributes: bytes(payload: message.payload, attributes: message.attributes)
        }
    }

    /// - Parameters:
    ///   - payload: A JSON value of any kind, checked when it was accepted.
    ///   - attributes: A JSON object of strings, or nothing.
    package static func bytes(payload: [UInt8], attributes: [UInt8]) -> [UInt8] {
        guard !attributes.isEmpty else { return payload }
        let bytes = payload.span.bytes
        var result: [UInt8] = []
        var copied = 0
        // The member that is to go, until it is known whether another one follows it.
        var cut: JSONMember?
        var last: JSONMember?
        var members = JSONMembers()
        do {
            while let member = try members.next(in: bytes) {
                if result.isEmpty { result.reserveCapacity(payload.count + attributes.count + name.count) }
                if let gone = cut {
                    result.append(contentsOf: payload[copied..<gone.whole.lowerBound])
                    copied = member.whole.lowerBound
                }
                cut = member.isNamed("attributes", in: bytes) ? member : nil
                last = member
            }
        } catch {
            return payload
        }
        if let cut {
            result.append(contentsOf: payload[copied..<cut.whole.lowerBound])
            result.append(contentsOf: name.dropFirst())
            copied = cut.whole.upperBound
        } else if let last {
            result.append(contentsOf: payload[copied..<last.whole.upperBound])
            result.append(contentsOf: name)
            copied = last.whole.upperBound
        } else {
            let inside = payload.firstIndex(of: UInt8(ascii: "{"))! + 1
            result.append(contentsOf: payload[copied..<inside])
            result.append(contentsOf: name.dropFirst())
            copied = inside
        }
        result.append(contentsOf: attributes)
        result.append(contentsOf: payload[copied...])
        return result
    }
}
