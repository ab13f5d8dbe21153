import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Pipeline

/// The way from a key file to a call that is let in, with a token endpoint on loopback.
@Suite(.timeLimit(.minutes(2))) struct AccessTokensTests {
    /// A clock that is moved by hand.
    private final class Calendar: Sendable {
        private let time = Mutex(Timestamp(milliseconds: 1_800_000_000_000))

        var world: World {
            var world = World.real
            world.now = { self.time.withLock(\.self) }
            return world
        }

        func advance(by duration: Duration) {
            time.withLock { $0 = $0.advanced(by: duration) }
        }
    }

    private func service(_ fake: FakePubSub, _ path: String?, project: String? = nil) -> PubSubConfiguration {
        PubSubConfiguration(place: .service(fake.url), project: project, credentials: path)
    }

    @Test("The assertion is signed by the account's key and says who, for what, to whom and until when")
    func assertion() async throws {
        let fake = try FakePubSub()
        let file = try await ServiceAccountFile()
        defer { file.remove() }
        let path = try file.write(tokenURL: fake.url + "token")
        let outcomes = try await withPubSub(service(fake, path), world: Calendar().world) {
            await $0.target.deliver(Delivery(["1"]))
        }
        #expect(outcomes.map(\.result) == [.delivered])
        #expect(fake.calls.map(\.authorization) == ["Bearer token-1"])
        // Named by its id alone, the topic is in the account's project.
        #expect(fake.calls.map(\.path) == ["/v1/projects/account-project/topics/orders:publish"])
        let (header, claims) = try await file.claims(of: fake.grants[0])
        #expect(header["alg"] as? String == "RS256")
        #expect(header["typ"] as? String == "JWT")
        #expect(header["kid"] as? String == "key-1")
        #expect(claims["iss"] as? String == "post@account-project.example")
        #expect(claims["scope"] as? String == "https://www.googleapis.com/auth/pubsub")
        #expect(claims["aud"] as? String == fake.url + "token")
        #expect(claims["iat"] as? Int == 1_800_000_000)
        #expect(claims["exp"] as? Int == 1_800_003_600)
        #expect(claims.count == 5)
    }

    @Test("Many deliveries at once fetch one token, and later ones use it until it is refreshed ahead of its end")
    func shared() async throws {
        let calendar = Calendar()
        let fake = try FakePubSub()
        let file = try await ServiceAccountFile()
        defer { file.remove() }
        let path = try file.write(tokenURL: fake.url + "token")
        try await withPubSub(service(fake, path, project: "p"), world: calendar.world) { pubsub in
            await withDiscardingTaskGroup { group in
                for _ in 0..<50 {
                    group.addTask {
                        let outcomes = await pubsub.target.deliver(Delivery(["1"]))
                        #expect(outcomes.map(\.result) == [.delivered])
                    }
                }
            }
            #expect(fake.grants.count == 1)
            calendar.advance(by: .seconds(3_299))
            _ = await pubsub.target.deliver(Delivery(["1"]))
            #expect(fake.grants.count == 1)
            calendar.advance(by: .seconds(1))
            // It goes with the old token: nobody waits for the new one.
            _ = await pubsub.target.deliver(Delivery(["1"]))
            try await eventually {
                _ = await pubsub.target.deliver(Delivery(["1"]))
                return fake.calls.last?.authorization == "Bearer token-2"
            }
        }
        #expect(fake.grants.count == 2)
        #expect(fake.calls.filter { $0.path.contains("/projects/p/") }.count == fake.calls.count)
    }

    @Test("A token that Pub/Sub does not accept is fetched anew, once")
    func rejected() async throws {
        let fake = try FakePubSub { call, _ in
            call.authorization == "Bearer token-2" ? .ok : .error(401, "UNAUTHENTICATED", "expired")
        }
        let file = try await ServiceAccountFile()
        defer { file.remove() }
        let path = try file.write(tokenURL: fake.url + "token")
        try await withPubSub(service(fake, path)) { pubsub in
            let first = await pubsub.target.deliver(Delivery(["1"]))
            #expect(first.map(\.result) == [.delivered])
            #expect(fake.grants.count == 2)
            let second = await pubsub.target.deliver(Delivery(["1"]))
            #expect(second.map(\.result) == [.delivered])
            #expect(fake.grants.count == 2)
        }
        let stern = try FakePubSub { _, _ in .error(401, "UNAUTHENTICATED", "no") }
        let other = try file.write(tokenURL: stern.url + "token")
        let outcomes = try await withPubSub(service(stern, other)) { await $0.target.deliver(Delivery(["1"])) }
        #expect(outcomes.map(\.result) == [.failed])
        #expect(
            outcomes[0].error
                == "Pub/Sub does not accept the access token of post@account-project.example (status 401): "
                + "UNAUTHENTICATED: no"
        )
        #expect(stern.calls.count == 2)
    }

    @Test("What the token endpoint says against it is the reason that is shown")
    func refused() async throws {
        let fake = try FakePubSub(
            token: { _ in .init(status: 400, body: #"{"error":"invalid_grant","error_description":"Invalid JWT."}"#) }
        )
        let file = try await ServiceAccountFile()
        defer { file.remove() }
        let path = try file.write(tokenURL: fake.url + "token")
        let outcomes = try await withPubSub(service(fake, path)) { await $0.target.deliver(Delivery(["1", "2"])) }
        #expect(outcomes.map(\.result) == [.failed, .failed])
        #expect(
            outcomes[0].error
                == "no access token for post@account-project.example from \(fake.url)token (status 400): "
                + "invalid_grant: Invalid JWT."
        )
        #expect(fake.calls.isEmpty)
    }

    @Test(
        "An answer without a token that can be sent, or no answer, is a reason too",
        arguments: [
            "{}", #"{"access_token":""}"#, #"{"access_token":"a\nb"}"#, "<html>",
        ]
    )
    func unusableAnswer(_ body: String) async throws {
        let fake = try FakePubSub(token: { _ in .init(body: body) })
        let file = try await ServiceAccountFile()
        defer { file.remove() }
        let path = try file.write(tokenURL: fake.url + "token")
        let outcomes = try await withPubSub(service(fake, path)) { await $0.target.deliver(Delivery(["1"])) }
        #expect(outcomes.map(\.error) == ["the answer of \(fake.url)token holds no access token"])
    }

    @Test("A long token is taken whole")
    func long() async throws {
        let text = String(repeating: "x", count: 4_000)
        let fake = try FakePubSub(token: { _ in FakePubSub.token(text) })
        let file = try await ServiceAccountFile()
        defer { file.remove() }
        let path = try file.write(tokenURL: fake.url + "token")
        let outcomes = try await withPubSub(service(fake, path)) { await $0.target.deliver(Delivery(["1"])) }
        #expect(outcomes.map(\.result) == [.delivered])
        #expect(fake.calls.map(\.authorization) == ["Bearer " + text])
    }

    @Test("Credentials that cannot be used are told in words, and are read again when they have been put right")
    func credentials() async throws {
        let fake = try FakePubSub()
        let file = try await ServiceAccountFile()
        defer { file.remove() }
        let tokenURL = fake.url + "token"
        let name = "GOOGLE_APPLICATION_CREDENTIALS"
        #expect(service(fake, nil).credentialsProblem?.hasPrefix("\(name) is not set") == true)
        #expect(service(fake, "/nowhere").credentialsProblem == "\(name): /nowhere cannot be read")
        let path = try file.write(text: "{}")
        let configuration = service(fake, path)
        #expect(
            configuration.credentialsProblem == "\(name): \(path) is not the JSON key file of a service account"
        )
        for (fields, words) in [
            (["type": "authorized_user"], "is of type “authorized_user”, not the key of a service account"),
            (["client_email": nil], "has no client_email or no private_key"),
            (["private_key": nil], "has no client_email or no private_key"),
            (["private_key": "-----BEGIN"], "has a private_key that is not an RSA key in PEM form"),
            (["token_uri": "http://192.0.2.1/token"], "has a token_uri that is not an https URL"),
        ] as [([String: String?], String)] {
            _ = try file.write(tokenURL: tokenURL, fields)
            #expect(configuration.credentialsProblem == "\(name): \(path) \(words)")
        }
        let calendar = Calendar()
        try await withPubSub(configuration, world: calendar.world) { pubsub in
            let outcomes = await pubsub.target.deliver(Delivery(["1"]))
            #expect(outcomes.map(\.result) == [.failed])
            #expect(outcomes[0].error?.hasSuffix("has a token_uri that is not an https URL") == true)
            _ = try file.write(tokenURL: tokenURL)
            #expect(configuration.credentialsProblem == nil)
            calendar.advance(by: .seconds(1))
            #expect(await pubsub.target.deliver(Delivery(["1"])).map(\.result) == [.delivered])
        }
    }
}
