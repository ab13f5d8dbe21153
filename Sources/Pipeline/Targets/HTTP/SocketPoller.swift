/// Tells which of a set of sockets are ready.
protocol SocketPoller: AnyObject {
    /// Begins anew with a descriptor: it was just opened, whatever was known of its number before.
    func opened(_ descriptor: Int32)
    /// Waits for this and nothing else of a descriptor from now on; empty: the descriptor may be closed.
    func watch(_ descriptor: Int32, for readiness: Readiness)
    /// Waits until something is ready, at most `milliseconds` (-1: as long as it takes), and hands it over.
    func wait(milliseconds: Int32, _ body: (Int32, Readiness) -> Void)
}

struct Readiness: OptionSet, Sendable {
    let rawValue: UInt8

    static let reading = Readiness(rawValue: 1)
    static let writing = Readiness(rawValue: 2)
    static let failed = Readiness(rawValue: 4)
}
