import Foundation

/// What a server answered.
struct HTTPAnswer: Sendable {
    var status: Int
    /// Status line and headers as they came.
    var head: String
    var body: Data

    /// The value of a header; nil when there is none.
    func header(_ name: String) -> String? {
        for line in head.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == name.lowercased() else { continue }
            return parts[1].trimmingCharacters(in: .whitespaces)
        }
        return nil
    }

    /// The members of a JSON object; empty when the body is none.
    var json: [String: Any] {
        (try? JSONSerialization.jsonObject(with: body) as? [String: Any]) ?? [:]
    }
}
