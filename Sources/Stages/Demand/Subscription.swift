import Synchronization

/// What joins a consumer's inlet to a producer's outlet: one demand window.
///
/// Its state is in two places, each behind its own lock: the window and what is held for the handler at the inlet; the
/// pending demand at the outlet. An outlet may enter an inlet while it holds its lock, never the other way round.
public final class Subscription<Event: Sendable>: Sendable {
    public let id: SubscriptionID
    @usableFromInline let inlet: Inlet<Event>
    @usableFromInline let outlet: Outlet<Event>
    @usableFromInline let cancelMode: CancelMode

    @usableFromInline
    init(from inlet: Inlet<Event>, to outlet: Outlet<Event>, cancelMode: CancelMode) {
        id = SubscriptionID()
        self.inlet = inlet
        self.outlet = outlet
        self.cancelMode = cancelMode
    }

    /// The window as it is now; `nil` once the subscription has ended.
    public var window: WindowSnapshot? {
        inlet.state.withLock { $0.window(of: id) }
    }

    /// Changes the window while events flow. A larger window asks for the difference at once; a smaller one asks for
    /// nothing until what is outstanding fits. Without effect once the subscription has ended.
    ///
    /// - Throws: ``SubscriptionError`` if the values do not go together; then nothing has changed.
    public func resize(maxDemand: Int, minDemand: Int? = nil) throws(SubscriptionError) {
        let ask = try inlet.state.withLock { state throws(SubscriptionError) in
            try state.resize(id, maximum: maxDemand, minimum: minDemand)
        }
        if ask > 0 { outlet.ask(ask, for: id) }
    }

    /// Asks for `count` more events, where the consumer has taken over asking. A stage that does not run yet asks when it
    /// does. Without effect once the subscription has ended, or if `count` is zero.
    ///
    /// - Throws: ``SubscriptionError/notManual`` if the subscription asks by itself.
    public func ask(_ count: Int) throws(SubscriptionError) {
        let ask = try inlet.state.withLock { state throws(SubscriptionError) in try state.askManually(count, id) }
        if ask > 0 { outlet.ask(ask, for: id) }
    }

    /// Ends the subscription. What was delivered and not yet handed to the handler goes back to the producer's buffer,
    /// in order; the demand that is left is kept as already requested. The consumer ends too if the cancel mode says so.
    public func cancel(_ reason: EndReason = .cancelled) {
        inlet.cancel(id, reason)
    }
}
