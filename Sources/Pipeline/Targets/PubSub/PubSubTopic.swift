/// The name of a Google Cloud Pub/Sub topic, as a publisher's target: its id alone, in the project of the node, or with
/// its project, as `projects/my-project/topics/my-topic`.
///
/// The rules are those of "Resource names" in Google's Pub/Sub documentation.
package struct PubSubTopic: Sendable, Equatable {
    /// nil: that of the node.
    package let project: String?
    package let id: String

    /// nil when the text is no such name.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 1:
            project = nil
            id = text
        case 4 where parts[0] == "projects" && parts[2] == "topics":
            project = String(parts[1])
            id = String(parts[3])
        default: return nil
        }
        guard Self.isID(id), project.map(Self.isProject) ?? true else { return nil }
    }

    /// A project's id, some of which begin with a domain: `example.com:my-project`.
    package static func isProject(_ text: String) -> Bool {
        guard 1...255 ~= text.utf8.count, text.utf8.first.map(isLetter) == true else { return false }
        return text.utf8.allSatisfy { isLetter($0) || isDigit($0) || "-.:_".utf8.contains($0) }
    }

    private static func isID(_ text: String) -> Bool {
        guard 3...255 ~= text.utf8.count, text.utf8.first.map(isLetter) == true, !text.hasPrefix("goog") else {
            return false
        }
        return text.utf8.allSatisfy { isLetter($0) || isDigit($0) || "-_.~+%".utf8.contains($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { 0x61...0x7A ~= byte | 0x20 }
    private static func isDigit(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte }
}
