import StagesTesting
import Synchronization

/// Chance for one part of a simulation: each part has its own, so that one more throw here changes nothing there.
package final class Dice: Sendable {
    private let generator: Mutex<SeededGenerator>

    package init(seed: UInt64, part: String) {
        var start = seed
        for byte in part.utf8 { start = (start ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        generator = Mutex(SeededGenerator(seed: start))
    }

    package func number(_ range: ClosedRange<Int>) -> Int {
        generator.withLock { Int.random(in: range, using: &$0) }
    }

    package func real(_ range: ClosedRange<Double>) -> Double {
        generator.withLock { Double.random(in: range, using: &$0) }
    }

    package func chance(_ probability: Double) -> Bool {
        probability > 0 && real(0...1) < probability
    }

    package func seconds(_ range: ClosedRange<Double>) -> Duration {
        .milliseconds(Int64(real(range) * 1000))
    }

    package func pick<Item>(_ items: [Item]) -> Item {
        items[number(0...items.count - 1)]
    }

    /// nil where there is nothing.
    package func any<Item>(of items: [Item]) -> Item? {
        items.isEmpty ? nil : pick(items)
    }
}
