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
                headers: headers(of: delivery),
                body: delivery.body,
                timeout: .seconds(settings.secondsTimeout)
            )
        )
        let outcome = Outcome(exchange, now: world.now())
        return delivery.messages.map { _ in outcome }
    }

    private func headers(of delivery: Delivery) -> [(name: String, value: String)] {
        let settings = delivery.publisher.settings
        let id = String(delivery.messages[0])
        var headers = [
            (name: "content-type", value: "application/json"),
            ("message-id", id),
            ("postoffice-topic", HeaderValue.encoded(delivery.publisher.topic)),
            ("postoffice-attempt", String(delivery.attempt)),
        ]
        headers += settings.headers.map { ($0.name, $0.value) }
        if let secret = settings.secret {
            headers += WebhookSignature.headers(id: id, body: delivery.body, secret: secret, at: world.now())
        }
        return headers
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
