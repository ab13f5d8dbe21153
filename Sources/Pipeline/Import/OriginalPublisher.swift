import Foundation

/// What a publisher of the original becomes.
struct OriginalPublisher {
    private(set) var settings: PublisherSettings
    /// What is other than it was, as sentences.
    private(set) var remarks: [String] = []

    /// - Returns: nil for a type that there never was.
    init?(_ publisher: OriginalDatabase.Publisher) {
        guard let type = PublisherSettings.Kind(rawValue: publisher.type) else { return nil }
        settings = PublisherSettings(target: publisher.target, type: type)
        settings.active = publisher.active
        // Its messages are brought apart, and older ones it has had.
        settings.fromNow = true
        settings.secondsTimeout = clamp(publisher.secondsTimeout, 1...600, "seconds_timeout")
        settings.secondsRetry = clamp(publisher.secondsRetry, 1...86_400, "seconds_retry")
        settings.chunkSize = clamp(publisher.chunkSize, 1...1000, "chunk_size")
        if type == .http { checkTarget() }
    }

    private mutating func clamp(_ value: Int, _ range: ClosedRange<Int>, _ name: String) -> Int {
        let allowed = min(max(value, range.lowerBound), range.upperBound)
        if allowed != value { remarks.append("\(name) is \(allowed) instead of \(value)") }
        return allowed
    }

    /// The original knew credentials only as a part of the URL.
    private mutating func checkTarget() {
        let target = settings.target
        if (try? TargetURL(target)) != nil { return }
        if let scheme = target.firstRange(of: "://") {
            let authority = target[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
            if let at = authority.lastIndex(of: "@") {
                let bare = String(target[..<scheme.upperBound] + target[target.index(after: at)...])
                let credentials = String(authority[..<at]).removingPercentEncoding ?? String(authority[..<at])
                if (try? TargetURL(bare)) != nil {
                    settings.target = bare
                    let basic = "Basic " + Data(credentials.utf8).base64EncodedString()
                    settings.headers.append(Header(name: "authorization", value: basic))
                    remarks.append("the user name and password of its target are sent in the header authorization")
                    return
                }
            }
        }
        remarks.append("its target is no URL that can be delivered to: change it")
    }
}
