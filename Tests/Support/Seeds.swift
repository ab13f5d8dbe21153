import Foundation

/// What tests draw from. `POSTOFFICE_SEED` repeats one seed, `POSTOFFICE_SEEDS` asks for more of them.
package enum Seeds {
    /// The seeds that a test explores in order.
    ///
    /// - Parameter count: how many, where nothing else is asked for.
    package static func explored(_ count: UInt64) -> Range<UInt64> {
        if let seed { return seed..<seed + 1 }
        return 0..<(asked.map { UInt64(max(1, $0)) } ?? count)
    }

    /// Seeds that are others each time.
    ///
    /// - Parameter share: how many of `POSTOFFICE_SEEDS` a test as expensive as this one takes.
    package static func drawn(share: Double) -> [UInt64] {
        if let seed { return [seed] }
        let count = asked.map { Int($0 * share) } ?? 1
        return (0..<max(1, count)).map { _ in UInt64.random(in: 0..<1_000_000) }
    }

    private static var seed: UInt64? { ProcessInfo.processInfo.environment["POSTOFFICE_SEED"].flatMap(UInt64.init) }
    private static var asked: Double? { ProcessInfo.processInfo.environment["POSTOFFICE_SEEDS"].flatMap(Double.init) }
}
