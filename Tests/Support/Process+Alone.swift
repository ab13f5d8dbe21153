package import Foundation

extension Process {
    private static let starting = NSLock()

    /// Starts the program while no other one is being started: Foundation has been seen to crash when many are at once.
    package func runAlone() throws {
        try Self.starting.withLock { try run() }
    }
}
