import Testing

@testable import Pipeline

struct WebhookSignatureTests {
    private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    private static let next = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU="

    private func headers(_ secret: SigningSecret, at seconds: Int64) -> [String: String] {
        let headers = WebhookSignature.headers(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            body: Array(#"{"test": 2432232314}"#.utf8),
            secret: secret,
            at: Timestamp(milliseconds: seconds * 1000 + 999)
        )
        return Dictionary(uniqueKeysWithValues: headers.map { ($0.name, $0.value) })
    }

    @Test("A request is signed as in the example of Standard Webhooks")
    func knownAnswer() {
        let expected = [
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ]
        #expect(headers(SigningSecret(current: Self.secret), at: 1_614_265_330) == expected)
    }

    @Test("For a day after a rotation both secrets sign, the new one first; then the new one alone")
    func rotation() {
        let rotatedAt = Timestamp(milliseconds: 1_614_265_330_000)
        let old = SigningSecret(current: Self.secret)
        let rotated = SigningSecret.rotated(old, to: Self.next, at: rotatedAt)
        let within = headers(rotated, at: 1_614_265_330)["webhook-signature"]?.split(separator: " ") ?? []
        #expect(within.count == 2)
        #expect(
            within.first.map(String.init)
                == headers(SigningSecret(current: Self.next), at: 1_614_265_330)["webhook-signature"]
        )
        #expect(within.last == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        #expect(headers(rotated, at: 1_614_265_330 + 86_399)["webhook-signature"]?.split(separator: " ").count == 2)
        let after = headers(rotated, at: 1_614_265_330 + 86_400)
        #expect(after == headers(SigningSecret(current: Self.next), at: 1_614_265_330 + 86_400))
    }

    @Test("The first secret of a publisher has none before it, and a second rotation ends the first one's overlap")
    func rotations() {
        let time = Timestamp(milliseconds: 1000)
        #expect(SigningSecret.rotated(nil, to: Self.secret, at: time) == SigningSecret(current: Self.secret))
        let once = SigningSecret.rotated(SigningSecret(current: "a"), to: "b", at: time)
        #expect(SigningSecret.rotated(once, to: "c", at: time).signing(at: time) == ["c", "b"])
    }

    @Test("A secret has 24 to 64 bytes in base64 after its prefix; those that are made have it, and differ")
    func validity() {
        for count in [24, 25, 32, 64] {
            #expect(SigningSecret.isValid("whsec_" + Self.base64(count)))
        }
        for text in [
            "", "whsec_", Self.base64(32), "WHSEC_" + Self.base64(32), "whsec_" + Self.base64(23),
            "whsec_" + Self.base64(65), "whsec_" + Self.base64(32).dropLast(), "whsec_ " + Self.base64(32),
        ] {
            #expect(!SigningSecret.isValid(text))
        }
        let made = (0..<100).map { _ in SigningSecret.generate() }
        #expect(made.allSatisfy { SigningSecret.key(of: $0)?.count == 32 })
        #expect(Set(made).count == 100)
    }

    private static func base64(_ count: Int) -> String {
        let groups = String(repeating: "AAAA", count: count / 3)
        return groups + ["", "AA==", "AAA="][count % 3]
    }
}
