import Pipeline
import Testing

/// One sentence of what a message store must do, with the test that shows it.
///
/// Every store is held to all of them:
///
///     @Test(arguments: StoreRequirement.all)
///     func `meets every requirement of a message store`(_ requirement: StoreRequirement) async throws {
///         try await requirement.check(some fixture)
///     }
package struct StoreRequirement: Sendable, CustomTestStringConvertible {
    package let sentence: String
    private let body: @Sendable (StoreUnderTest) async throws -> Void

    init(_ sentence: String, _ body: @escaping @Sendable (StoreUnderTest) async throws -> Void) {
        self.sentence = sentence
        self.body = body
    }

    package var testDescription: String { sentence }

    package func check(_ fixture: some StoreFixture) async throws {
        let store = try await fixture.open()
        try await body(StoreUnderTest(store: store, fixture: fixture))
        try await store.close()
    }

    package static let all =
        topics + publishers + ownership + appending + reading + settling + parking + dead + due + replay + circuit
        + notices + pausing + retention + recovery + looking + lasting + scheduled
}
