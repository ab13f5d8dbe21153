package import Pipeline

/// A kind of store as the conformance suite needs it: one database, that can be opened, closed and opened again.
package protocol StoreFixture: Sendable {
    /// Opens the store with everything that was stored before. At most one is open at a time.
    func open() async throws -> any MessageStore

    /// From now on the database refuses messages whose payload is `Poison.payload` and parked rows whose error is
    /// `Poison.error`, as a constraint would.
    func poison() async throws

    /// Puts the database into the state that a clean-up of so many messages leaves: the topic's count of removed ones.
    func setRemovedCount(_ count: Int64, topicID: Int64) async throws
}

/// What a poisoned database refuses.
package enum Poison {
    package static let payload = Array(#""poison""#.utf8)
    package static let error = "poison"
}
