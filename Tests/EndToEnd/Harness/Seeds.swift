import Foundation

/// What a test draws its random moments from. `POSTOFFICE_SEED` repeats one, `POSTOFFICE_SEEDS` asks for more.
enum Seeds {
    /// - Parameter share: how many of `POSTOFFICE_SEEDS` a test as expensive as this one takes.
    static func drawn(share: Double) -> [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["POSTOFFICE_SEED"].flatMap(UInt64.init) { return [seed] }
        let count = environment["POSTOFFICE_SEEDS"].flatMap(Double.init).map { Int($0 * share) } ?? 1
        return (0..<max(1, count)).map { _ in UInt64.random(in: 0..<1_000_000) }
    }
}
