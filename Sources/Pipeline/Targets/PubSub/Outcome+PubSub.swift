import Foundation

extension Outcome {
    /// Whose fault the answer to a publish call is: nobody's, that of one of the messages (`refused`), or the target's.
    ///
    /// A topic that does not exist and a missing right say nothing of any message, so they are the target's: however long
    /// they last, no message dies of them.
    ///
    /// - Parameters:
    ///   - topic: full name of the topic, for the words.
    ///   - account: who published, for the words; nil: nobody in particular.
    ///   - now: what a date in `Retry-After` is measured against.
    init(publishing exchange: HTTPExchange, to topic: String, as account: String?, now: Timestamp) {
        self.init(exchange, now: now)
        guard result == .failed || result == .refused, let status = exchange.status else { return }
        let said = PubSubError(exchange.body).map { ": \($0)" } ?? ""
        switch status {
        case 400, 413:
            result = .refused
            error = "Pub/Sub refused the message (status \(status))\(said)"
        case 401:
            result = .failed
            error =
                "Pub/Sub does not accept the access token of \(account ?? "the service account") (status 401)\(said)"
        case 403:
            result = .failed
            error =
                "\(account ?? "the service account") may not publish to \(topic) (status 403): "
                + "give it the role roles/pubsub.publisher on the topic\(said)"
        case 404:
            result = .failed
            error =
                "there is no Pub/Sub topic \(topic) (status 404): create it, or correct the publisher's target\(said)"
        case 429:
            result = .failed
            error = "Pub/Sub asks for fewer requests (status 429), as a quota of the project says\(said)"
        default:
            result = .failed
            error = "Pub/Sub answered with status \(status)\(said)"
        }
    }

    static func failed(_ words: String) -> Outcome {
        Outcome(result: .failed, error: words, duration: .zero)
    }
}

/// What Google says of an error: `{"error":{"code":404,"message":"…","status":"NOT_FOUND"}}`.
private struct PubSubError: Decodable, CustomStringConvertible {
    struct Content: Decodable {
        var message: String?
        var status: String?
    }

    var error: Content

    /// nil when the body says nothing of that kind.
    init?(_ body: [UInt8]) {
        guard let said = try? JSONDecoder().decode(Self.self, from: Data(body)) else { return nil }
        self = said
        if description.isEmpty { return nil }
    }

    /// Its words in one line, 300 characters at most.
    var description: String {
        let words = [error.status, error.message].compactMap(\.self).joined(separator: ": ")
        let line = words.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count > 300 ? line.prefix(300) + "…" : line
    }
}
