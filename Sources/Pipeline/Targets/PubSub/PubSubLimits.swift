/// What Google Cloud Pub/Sub carries: "Quotas and limits, Resource limits" of its documentation.
enum PubSubLimits {
    /// Bytes of a publish call, the base64 of its messages counted.
    static let requestBytes = 10_000_000
    private static let attributes = 100
    private static let nameBytes = 256
    private static let valueBytes = 1_024
    /// What names of attributes must not begin with.
    private static let reserved = "goog"

    /// Why Pub/Sub would not take the message, as a sentence; nil: it would.
    static func objection(to message: Message, in body: PublishBody) -> String? {
        let bytes = PublishBody.emptyLength + body.length(of: message)
        guard bytes <= requestBytes else {
            return "Pub/Sub takes \(requestBytes) bytes at most, and the message has \(bytes) in base64"
        }
        return objection(toAttributes: message.attributes)
    }

    /// - Parameter attributes: a JSON object of strings, as it was accepted, or nothing.
    private static func objection(toAttributes attributes: [UInt8]) -> String? {
        guard !attributes.isEmpty else { return nil }
        let bytes = attributes.span.bytes
        var members = JSONMembers()
        var count = 0
        // What was accepted as an object of strings is one.
        while let member = try? members.next(in: bytes) {
            count += 1
            guard let name = member.name(in: bytes), let value = member.string(in: bytes) else { continue }
            if let reason = objection(to: name, value) { return "the attribute \(shown(name)) \(reason)" }
        }
        return count > Self.attributes ? "Pub/Sub takes \(Self.attributes) attributes, and there are \(count)" : nil
    }

    private static func objection(to name: String, _ value: String) -> String? {
        if name.isEmpty { return "has no name, which Pub/Sub does not take" }
        if name.hasPrefix(reserved) { return "begins with \(reserved), which Pub/Sub keeps for itself" }
        if name.utf8.count > nameBytes {
            return "has a name of \(name.utf8.count) bytes, of which Pub/Sub takes \(nameBytes)"
        }
        if value.utf8.count > valueBytes {
            return "has a value of \(value.utf8.count) bytes, of which Pub/Sub takes \(valueBytes)"
        }
        return nil
    }

    private static func shown(_ name: String) -> String {
        let text = name.count > 40 ? name.prefix(40) + "…" : name[...]
        return "“\(text)”"
    }
}
