package import Pipeline

/// What is broken on purpose in a simulated node, to see that it is found.
package struct SimulatedDefect: Sendable {
    package var store: @Sendable (SimulatedStore) -> any MessageStore
    package var target: @Sendable (SimulatedTarget) -> any Target

    package init(
        store: @escaping @Sendable (SimulatedStore) -> any MessageStore = { $0 },
        target: @escaping @Sendable (SimulatedTarget) -> any Target = { $0 }
    ) {
        self.store = store
        self.target = target
    }

    package static var none: SimulatedDefect { SimulatedDefect() }
}
