package import Pipeline

package struct InMemoryFixture: StoreFixture {
    package let store = InMemoryStore()

    package init() {}

    package func open() -> any MessageStore {
        store.open()
        return store
    }

    package func poison() {
        store.poison()
    }

    package func setRemovedCount(_ count: Int64, topicID: Int64) {
        store.setRemovedCount(count, topicID: topicID)
    }
}
