import Foundation

/// The seeds that a test explores. `POSTOFFICE_SEED` repeats one, `POSTOFFICE_SEEDS` asks for more.
enum Seeds {
    /// - Parameters:
    ///   - count: how many, where nothing else is asked for.
    ///   - share: how many of `POSTOFFICE_SEEDS` a test as expensive as this one takes.
    static func explored(_ count: UInt64, share: Double = 1) -> Range<UInt64> {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["POSTOFFICE_SEED"].flatMap(UInt64.init) { return seed..<seed + 1 }
        let asked = environment["POSTOFFICE_SEEDS"].flatMap(Double.init).map { UInt64(max(1, $0 * share)) }
        return 0..<(asked ?? count)
    }
}
