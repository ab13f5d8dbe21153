import Pipeline
import TestSupport
import Testing

@Suite struct InMemoryStoreTests {
    @Test(arguments: StoreRequirement.all)
    func `the store of the tests meets every requirement of a message store`(
        _ requirement: StoreRequirement
    )
        async throws
    {
        try await requirement.check(InMemoryFixture())
    }
}
