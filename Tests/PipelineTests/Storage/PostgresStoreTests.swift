import Pipeline
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(3))) struct PostgresStoreTests {
    @Test(arguments: StoreRequirement.all)
    func `PostgreSQL meets every requirement of a message store`(_ requirement: StoreRequirement) async throws {
        try await requirement.check(try await PostgresFixture())
    }
}
