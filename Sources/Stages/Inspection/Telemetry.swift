/// Hears what stages do, as it happens: to count, to trace, to alert. Nothing is measured while nobody listens.
///
/// It is called by the stage itself, outside of all locks, so it should be quick.
///
/// ```swift
/// final class Durations: Telemetry {
///     let total = Mutex(Duration.zero)
///
///     func record(_ event: TelemetryEvent, of stage: String) {
///         if case .handlerStopped(_, let duration) = event { total.withLock { $0 += duration } }
///     }
/// }
/// ```
public protocol Telemetry: Sendable {
    func record(_ event: TelemetryEvent, of stage: String)
}

/// Something that happened to a stage.
public enum TelemetryEvent: Sendable {
    /// A handler begins with so many events; the one of a stage at the head of a flow is asked for so many.
    case handlerStarted(events: Int)
    /// It has returned. The one of a stage at the head of a flow has made so many events.
    case handlerStopped(events: Int, duration: Duration)
    /// It has thrown.
    case handlerFailed(events: Int, duration: Duration, error: any Error)
    /// Events went over the bound of a buffer.
    case dropped(events: Int)
    /// The stage has a subscription to a producer.
    case subscribed(SubscriptionID)
    /// A consumer has subscribed to the stage.
    case consumerSubscribed(SubscriptionID)
    /// A subscription to a producer has ended.
    case unsubscribed(SubscriptionID, EndReason)
    /// The subscription of a consumer has ended.
    case consumerUnsubscribed(SubscriptionID, EndReason)
}

extension StageContext {
    /// Itself, if anybody listens.
    @usableFromInline
    var listened: StageContext? { telemetry == nil ? nil : self }

    /// Runs a handler, and tells telemetry of it.
    ///
    /// - Parameters:
    ///   - events: How many it is called with.
    ///   - count: How many it was about, once it is through.
    @inlinable
    nonisolated(nonsending) func measuring<Result>(
        _ events: Int,
        count: (Result) -> Int,
        handler: nonisolated(nonsending) () async throws -> Result
    ) async throws -> Result {
        telemetry?.record(.handlerStarted(events: events), of: name)
        let start = now
        do {
            let result = try await handler()
            telemetry?.record(.handlerStopped(events: count(result), duration: now - start), of: name)
            return result
        } catch {
            telemetry?.record(.handlerFailed(events: events, duration: now - start, error: error), of: name)
            throw error
        }
    }
}
