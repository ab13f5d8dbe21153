/// An event with its acknowledgement.
///
/// ```swift
/// func handle(_ events: Events<Acknowledged<Job>>) async throws {
///     try await events.acknowledged { job in try await work(on: job) }
/// }
/// ```
public struct Acknowledged<Event: Sendable>: Sendable {
    public let event: Event
    public let acknowledgement: Acknowledgement

    public init(_ event: Event, _ acknowledgement: Acknowledgement) {
        self.event = event
        self.acknowledgement = acknowledgement
    }

    /// Another event in the place of this one, with the same acknowledgement.
    public func map<Other>(_ transform: (Event) throws -> Other) rethrows -> Acknowledged<Other> {
        Acknowledged<Other>(try transform(event), acknowledgement)
    }

    /// Handles the event: it has succeeded when `body` returns, and failed when it throws.
    public nonisolated(nonsending) func acknowledged<Result>(
        _ body: nonisolated(nonsending) (Event) async throws -> Result
    ) async throws -> Result {
        do {
            let result = try await body(event)
            acknowledgement.settle(.success)
            return result
        } catch {
            acknowledgement.settle(.failure(error))
            throw error
        }
    }
}

extension Sequence {
    /// Handles the events one after the other. The first error ends that and is thrown: then that event, and those behind
    /// it, have failed with it.
    public nonisolated(nonsending) func acknowledged<Event>(
        _ body: nonisolated(nonsending) (Event) async throws -> Void
    ) async throws where Element == Acknowledged<Event> {
        var failure: (any Error)?
        for item in self {
            if let failure {
                item.acknowledgement.settle(.failure(failure))
                continue
            }
            do {
                try await item.acknowledged(body)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }
}
