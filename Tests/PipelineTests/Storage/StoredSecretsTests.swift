import Foundation
import Logging
import Pipeline
import TestSupport
import Testing

@Suite("Secrets in a store", .timeLimit(.minutes(2)))
struct StoredSecretsTests {
    /// A database that can be opened with one key, another or none, and its bytes looked at.
    enum Kind: CaseIterable, Sendable {
        case sqlite
        case postgres
    }

    private struct Place {
        var open: (Vault?) async throws -> any MessageStore
        /// All that stands in the database.
        var contents: () async throws -> [UInt8]

        init(_ kind: Kind) async throws {
            switch kind {
            case .sqlite:
                let fixture = try SQLiteFixture()
                open = { try await Self.open(fixture.path, $0) }
                contents = {
                    let files = try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path)
                    return try files.reduce(into: []) { bytes, name in
                        bytes += try Data(contentsOf: URL(fileURLWithPath: fixture.folder.file(name)))
                    }
                }
            case .postgres:
                let fixture = try await PostgresFixture()
                open = { try await fixture.openStore(vault: $0) }
                contents = { Array(try await fixture.execute("SELECT * FROM postoffice.publishers").utf8) }
            }
        }

        /// A program that another test is just starting has the lock of a database that was closed for a moment longer.
        private static func open(_ path: String, _ vault: Vault?) async throws -> any MessageStore {
            while true {
                let result: Result<any MessageStore, any Error> = Result {
                    try SQLiteStore(path: path, vault: vault, logger: .silent)
                }
                guard case .failure(let error) = result, "\(error)".hasSuffix("is in use by another process") else {
                    return try result.get()
                }
                await Task.yield()
            }
        }

        func holds(_ text: String) async throws -> Bool {
            Data(try await contents()).range(of: Data(text.utf8)) != nil
        }
    }

    private static let vault = Vault(key: Array(0..<32))!
    private static let other = Vault(key: Array(1...32))!
    private static let signing = SigningSecret(current: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    private static let headers = [Header(name: "authorization", value: "Bearer 8ILPZIo2LaLaSw")]

    private func settings() -> PublisherSettings {
        var settings = PublisherSettings(target: "http://127.0.0.1/")
        settings.secret = Self.signing
        settings.headers = Self.headers
        return settings
    }

    private func fill(_ store: any MessageStore) async throws {
        let topic = try await store.createTopic(TopicSettings(name: "a", originHost: "x"), at: .distantPast)
        let publisher = try await store.createPublisher(topicID: topic.id, settings(), at: .distantPast)
        #expect(publisher.settings == settings())
        _ = try await store.createPublisher(
            topicID: topic.id,
            PublisherSettings(target: "http://127.0.0.1/plain"),
            at: .distantPast
        )
    }

    private func expectSettings(_ store: any MessageStore) async throws {
        #expect(try await store.publisher(id: 1)?.settings == settings())
        #expect(
            try await store.publishers(topicID: nil, after: 0, limit: 9).map(\.settings.headers) == [Self.headers, []]
        )
    }

    @Test("are not to be found in the database when there is a key, and come back with it", arguments: Kind.allCases)
    func sealed(kind: Kind) async throws {
        let place = try await Place(kind)
        let store = try await place.open(Self.vault)
        try await fill(store)
        try await expectSettings(store)
        let changed = try await store.updatePublisher(id: 1) { publisher in
            #expect(publisher.settings.secret == Self.signing)
            var settings = publisher.settings
            settings.active = false
            return settings
        }
        #expect(changed?.settings.secret == Self.signing)
        let receipt = try await store.commit(
            StoreBatch(appends: [Append(topicID: 1, messages: [NewMessage(payload: [49], receivedAt: .distantPast)])])
        )
        #expect(receipt.appends == [.appended(ids: [1], after: 0)])
        #expect(try await store.deliveries(messageID: 1)?.deliveries.first?.publisher.settings.headers == Self.headers)
        for text in ["MfKQ9r8GKYqr", "8ILPZIo2LaLaSw", "authorization"] { #expect(try await !place.holds(text)) }
        #expect(try await place.holds("v1."))
        try await store.close()
        let again = try await place.open(Self.vault)
        _ = try await again.updatePublisher(id: 1) { _ in settings() }
        try await expectSettings(again)
        try await again.close()
    }

    @Test("that are sealed stop the start without the key, and say what is missing", arguments: Kind.allCases)
    func otherKey(kind: Kind) async throws {
        let place = try await Place(kind)
        let store = try await place.open(Self.vault)
        try await fill(store)
        try await store.close()
        for (vault, words) in [
            (nil, "the secrets in it are encrypted: SECRETS_KEY must be the key that they were encrypted with"),
            (Self.other, "SECRETS_KEY is not the key that the secrets in it were encrypted with"),
        ] {
            let error = await #expect(throws: StoreError.self) { _ = try await place.open(vault) }
            #expect(error?.description.hasSuffix(words) == true, "\(error as Any)")
        }
        let again = try await place.open(Self.vault)
        try await expectSettings(again)
        try await again.close()
    }

    @Test("that are there already are sealed when the database is opened with a key", arguments: Kind.allCases)
    func resealed(kind: Kind) async throws {
        let place = try await Place(kind)
        let plain = try await place.open(nil)
        try await fill(plain)
        try await expectSettings(plain)
        try await plain.close()
        #expect(try await place.holds("MfKQ9r8GKYqr"))
        for _ in 0..<2 {
            let store = try await place.open(Self.vault)
            try await expectSettings(store)
            for text in ["MfKQ9r8GKYqr", "8ILPZIo2LaLaSw", "authorization"] { #expect(try await !place.holds(text)) }
            try await store.close()
        }
        await #expect(throws: StoreError.self) { _ = try await place.open(nil) }
    }

    @Test("go with the publisher", arguments: Kind.allCases)
    func deleted(kind: Kind) async throws {
        let place = try await Place(kind)
        let store = try await place.open(Self.vault)
        try await fill(store)
        #expect(try await store.deletePublisher(id: 1, at: .distantPast))
        try await store.close()
        // Nothing is left that a key would be needed for.
        try await place.open(nil).close()
    }
}
