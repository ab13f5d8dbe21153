/// Why a stage, or a subscription, ended.
public enum EndReason: Sendable {
    /// There was nothing left to do.
    case normal
    /// Its task was cancelled: somebody asked it to end.
    case cancelled
    /// A handler threw, or the stage was made to fail.
    case failed(any Error)

    /// Whether the end is a failure, in the sense of transient subscriptions and transient children.
    @inlinable
    public var isFailure: Bool {
        if case .failed = self { true } else { false }
    }

    /// Throws the error of a failure; a normal end and a cancellation return.
    @inlinable
    public func get() throws {
        if case .failed(let error) = self { throw error }
    }

    /// What the error that left a run loop means: a `CancellationError` in a cancelled task is no failure.
    @usableFromInline
    init(_ error: any Error, isCancelled: Bool) {
        self = isCancelled && error is CancellationError ? .cancelled : .failed(error)
    }
}

extension EndReason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .normal: "ended normally"
        case .cancelled: "was cancelled"
        case .failed(let error): "failed: \(error)"
        }
    }
}
