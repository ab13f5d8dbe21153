import Synchronization

/// A number that several tasks raise.
package final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    package init() {}

    package var value: Int { count.load(ordering: .acquiring) }

    package func increase(by amount: Int = 1) {
        count.add(amount, ordering: .acquiringAndReleasing)
    }
}
