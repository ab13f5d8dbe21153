import Pipeline
import TestSupport
import Testing

@Suite struct SQLiteStoreTests {
    @Test(arguments: StoreRequirement.all)
    func `SQLite meets every requirement of a message store`(_ requirement: StoreRequirement) async throws {
        try await requirement.check(try SQLiteFixture())
    }
}
