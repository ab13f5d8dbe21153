import HTTPTypes

/// Whether a body is what we read: `application/json` or a type that ends with `+json`, in UTF-8.
enum ContentType {
    static func isJSON(_ headers: HTTPFields) -> Bool {
        guard let value = headers[.contentType] else { return false }
        if value == "application/json" { return true }
        var parts = value.split(separator: ";", omittingEmptySubsequences: false).map { trimmed($0).lowercased() }
        let type = parts.removeFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard type.count == 2, !type[0].isEmpty else { return false }
        guard type == ["application", "json"] || (type[1].hasSuffix("+json") && type[1] != "+json") else {
            return false
        }
        for parameter in parts {
            let pair = parameter.split(separator: "=", maxSplits: 1).map { trimmed($0) }
            guard pair.first == "charset" else { continue }
            let charset = pair.count == 2 ? pair[1].trimmingPrefix("\"") : ""
            guard ["utf-8", "utf-8\"", "utf8", "utf8\""].contains(charset) else { return false }
        }
        return true
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let start = text.drop { $0 == " " || $0 == "\t" }
        return String(start.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
