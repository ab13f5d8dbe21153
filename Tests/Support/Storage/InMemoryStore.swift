package import Pipeline
import Synchronization

/// A message store without a disk, for tests: deterministic, and it fails on command.
///
/// It meets the same requirements as the real ones. `close` keeps what is stored; `open` makes it available again.
package final class InMemoryStore: MessageStore {
    private let tables = Mutex(InMemoryTables())
    package let faults = StoreFaults()
    package let lanes: StoreLanes
    package var retention: any RetentionStore { InMemoryRetention(store: self) }

    package init(lanes: StoreLanes = .shared) {
        self.lanes = lanes
    }

    package func open() {
        tables.withLock { $0.isClosed = false }
    }

    package func close() async throws {
        tables.withLock { $0.isClosed = true }
    }

    package func check() async throws {
        _ = try write { _ in }
    }

    /// From now on what carries `Poison` is refused, as a constraint of a database would.
    package func poison() {
        tables.withLock { $0.isPoisoned = true }
    }

    package func setRemovedCount(_ count: Int64, topicID: Int64) {
        tables.withLock { $0.removedCounts[topicID] = count }
    }

    package func commit(_ batch: StoreBatch) async throws -> StoreReceipt {
        switch await faults.next(batch) {
        case .none:
            return try write { $0.commit(batch) }
        case .fails(let error):
            throw error
        case .storesAndThrows(let error):
            _ = try write { $0.commit(batch) }
            throw error
        }
    }

    /// - Parameter body: Throws before it changes anything, if it does.
    func write<Value>(_ body: (inout InMemoryTables) throws -> Value) throws -> Value {
        try tables.withLock { tables in
            guard !tables.isClosed else { throw StoreError.unavailable(reason: "the store is closed") }
            return try body(&tables)
        }
    }

    func read<Value>(_ body: (InMemoryTables) throws -> Value) throws -> Value {
        try tables.withLock { tables in
            guard !tables.isClosed else { throw StoreError.unavailable(reason: "the store is closed") }
            return try body(tables)
        }
    }
}
