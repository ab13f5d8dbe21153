/// An HTTP receiver: POST, 2xx is success, anything else a failure, redirects are not followed.
package struct HTTPTarget: Target {
    private let transport: any HTTPTransport
    private let world: World

    package init(transport: any HTTPTransport, world: World = .real) {
        self.transport = transport
        self.world = world
    }

    package func deliver(_ delivery: Delivery) async -> [Outcome] {
        let settings = delivery.publisher.settings
        let exchange = await transport.post(
            HTTPRequest(
                url: settings.target,
                headers: [
                    ("content-type", "application/json"),
                    ("message-id", String(delivery.messages[0])),
                    ("postoffice-topic", HeaderValue.encoded(delivery.publisher.topic)),
                    ("postoffice-attempt", String(delivery.attempt)),
                ],
                body: delivery.body,
                timeout: .seconds(settings.secondsTimeout)
            )
        )
        let outcome = Outcome(exchange, now: world.now())
        return delivery.messages.map { _ in outcome }
    }
}

/// A topic's name may hold any character but a header may not: what is not visible ASCII is percent-encoded.
enum HeaderValue {
    static func encoded(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 < 0x21 || $0 > 0x7E || $0 == UInt8(ascii: "%") }) else { return value }
        return value.utf8.reduce(into: "") { encoded, byte in
            if byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "%") {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
    }
}

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
            switch status {
            case 300..<400:
                result = .refused
                error =
                    exchange.location.map { "the target redirects to \($0) (status \(status))" }
                    ?? "the target redirects (status \(status))"
            case 408, 425, 429, 500...:
                result = .failed
                error = "the target answered with status \(status)"
            default:
                result = .refused
                error = "the target refused the message with status \(status)"
            }
        }
    }
}
