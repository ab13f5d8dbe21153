extension Outcome {
    /// Whose fault a response is: 2xx nobody's; transport errors, 5xx, 408, 425 and 429 the target's; the rest, of the
    /// message in the eyes of the target.
    ///
    /// - Parameter now: what a date in `Retry-After` is measured against.
    init(_ exchange: HTTPExchange, now: Timestamp) {
        self.init(result: .delivered, status: exchange.status, duration: exchange.duration)
        if case .aborted = exchange.failure {
            result = .returned
            error = "aborted"
        } else if let failure = exchange.failure {
            result = .failed
            error = "\(failure)"
        } else if let status = exchange.status, !(200..<300).contains(status) {
            response = Array(exchange.body.prefix(1024))
            retryAfter = exchange.retryAfter.flatMap { RetryAfter.delay($0, now: now) }
            result = Self.isTargetsFault(status) ? .failed : .refused
            error = Self.words(for: status, location: exchange.location)
        }
    }

    private static func isTargetsFault(_ status: Int) -> Bool {
        switch status {
        case 408, 425, 429, 500...: true
        default: false
        }
    }

    private static func words(for status: Int, location: String?) -> String {
        switch status {
        case 300..<400:
            location.map { "the target redirects to \(shown($0)) (status \(status))" }
                ?? "the target redirects (status \(status))"
        case 410: "the target is gone for good (status 410)"
        case 429: "the target asks for fewer requests (status 429)"
        case _ where isTargetsFault(status): "the target answered with status \(named(status))"
        default: "the target refused the message with status \(named(status))"
        }
    }

    /// An address without its query, which may be the target's own and hold a credential.
    private static func shown(_ location: String) -> String {
        let mark = location.firstIndex(of: "?")
        let address = location[..<(mark ?? location.endIndex)]
        let longest = 500
        return address.count > longest ? address.prefix(longest) + "…" : address + (mark == nil ? "" : "?…")
    }

    private static func named(_ status: Int) -> String {
        names[status].map { "\(status) (\($0))" } ?? "\(status)"
    }

    /// Those of RFC 9110, 15 that a receiver is likely to give.
    private static let names = [
        400: "bad request", 401: "unauthorized", 402: "payment required", 403: "forbidden", 404: "not found",
        405: "method not allowed", 406: "not acceptable", 407: "proxy authentication required", 408: "request timeout",
        409: "conflict", 411: "length required", 412: "precondition failed", 413: "content too large",
        414: "URI too long", 415: "unsupported media type", 417: "expectation failed", 421: "misdirected request",
        422: "unprocessable content", 425: "too early", 426: "upgrade required", 428: "precondition required",
        431: "request header fields too large", 451: "unavailable for legal reasons", 500: "internal server error",
        501: "not implemented", 502: "bad gateway", 503: "service unavailable", 504: "gateway timeout",
        505: "HTTP version not supported", 507: "insufficient storage", 511: "network authentication required",
    ]
}
