import Synchronization

/// Says once whether what it stands for has succeeded or failed.
///
/// It travels with an event. Whoever has handled the event says how it went; when nobody does, and the last who knew of
/// the event lets go of it (a handler threw, a buffer was full), that is a failure too.
public final class Acknowledgement: Sendable {
    public enum Outcome: Sendable {
        case success
        case failure(any Error)
    }

    /// The event was let go without a word.
    public struct Abandoned: Error, CustomStringConvertible {
        public let description = "the event was dropped before anybody had handled it"
    }

    private let report: Mutex<(@Sendable (Outcome) -> Void)?>

    /// - Parameter report: Called exactly once.
    public init(_ report: @escaping @Sendable (Outcome) -> Void) {
        self.report = Mutex(report)
    }

    deinit {
        settle(.failure(Abandoned()))
    }

    /// The first word counts; later ones change nothing.
    public func settle(_ outcome: Outcome) {
        let report = report.withLock { $0.take() }
        report?(outcome)
    }
}
