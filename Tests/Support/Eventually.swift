/// Asks again and again until it is so: for what another part does in its own time and announces to nobody.
///
/// There is no limit here: the test that calls it has one.
package func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() {
        try await ContinuousClock().sleep(for: .milliseconds(2))
    }
}
