internal import CLibCurl

/// How long the certificates of a target are valid, as days: `2026-11-24`. libcurl tells it of a connection that stands.
struct CertificateDates {
    /// The day on which the first of the chain to expire does so.
    private(set) var expiry: String?
    /// The day from which on all of the chain are valid.
    private(set) var start: String?

    /// - Parameter lines: `Start date:…` and `Expire date:…` of all certificates, among others.
    init(lines: [String]) {
        for line in lines {
            if let day = Self.day(line, after: "Expire date:") { expiry = min(expiry ?? day, day) }
            if let day = Self.day(line, after: "Start date:") { start = max(start ?? day, day) }
        }
    }

    /// Those of the connection that the handle has made, with `CURLOPT_CERTINFO` set.
    init(of easy: CurlEasy) {
        var lines: [String] = []
        if let info = easy.pointer(CURLINFO_CERTINFO)?.assumingMemoryBound(to: curl_certinfo.self).pointee {
            for index in 0..<Int(info.num_of_certs) {
                var next = info.certinfo[index]
                while let entry = next?.pointee {
                    lines.append(String(cString: entry.data))
                    next = entry.next
                }
            }
        }
        self.init(lines: lines)
    }

    /// Of `Nov 24 07:15:00 2026 GMT`, as OpenSSL prints times, or `2026-11-24 07:15:00 GMT`, as others do.
    private static func day(_ line: String, after label: String) -> String? {
        guard line.hasPrefix(label) else { return nil }
        let words = line.dropFirst(label.count).split(separator: " ")
        if let first = words.first, first.count == 10, first.split(separator: "-").count == 3 { return String(first) }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard words.count >= 4, let month = months.firstIndex(of: String(words[0])), words[3].count == 4 else {
            return nil
        }
        return "\(words[3])-\(twoDigits(String(month + 1)))-\(twoDigits(words[1]))"
    }

    private static func twoDigits(_ number: some StringProtocol) -> String {
        number.count == 1 ? "0" + number : String(number)
    }
}
