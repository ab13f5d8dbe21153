import Foundation

/// What a server answered.
struct Reply {
    var status: Int
    /// By lower-case names.
    var headers: [String: String]
    var body: String

    /// - Parameter bytes: A whole answer, as it stood on the wire.
    init?(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let blank = text.range(of: "\r\n\r\n") else { return nil }
        var lines = text[..<blank.lowerBound].components(separatedBy: "\r\n")
        let statusLine = lines.removeFirst().split(separator: " ")
        guard statusLine.count >= 2, statusLine[0] == "HTTP/1.1", let status = Int(statusLine[1]) else { return nil }
        self.status = status
        headers = [:]
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespaces
            )
        }
        body = String(text[blank.upperBound...])
    }

    /// A value of the body by its path, as Foundation sees it: `value("data", "id")`.
    func value(_ path: String...) -> Any? {
        var value = try? JSONSerialization.jsonObject(with: Data(body.utf8))
        for name in path { value = (value as? [String: Any])?[name] }
        return value
    }
}
