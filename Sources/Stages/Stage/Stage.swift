/// An actor that takes part in a flow of events: a ``Producer`` or ``Source``, a ``ProducerConsumer``, a ``Consumer`` or
/// ``TaskConsumer``. Each of these brings its own `run()`.
public protocol Stage: Actor {
    /// What kind of stage it is, for whoever looks at the tree.
    static var kind: StageKind { get }

    /// Runs the stage until it ends. Handlers run on the actor, one at a time. A stage runs once.
    ///
    /// Returns when the stage has ended normally or its task was cancelled; throws what a handler threw, or the error
    /// of a producer that it does not outlive.
    func run() async throws

    /// Called once when the stage ends, whatever the reason, after its last handler has returned and before its
    /// subscriptions are cancelled. The task may be cancelled already. Does nothing unless implemented.
    func terminate(_ reason: EndReason) async

    /// Called once when a drain begins, while handlers may still be running: the place to stop making events. A stage
    /// at the head of a flow is then asked for no more, and its task is cancelled if it is still waiting in its handler;
    /// what that handler returns is still delivered. Does nothing unless implemented.
    func drain() async

    /// Makes ``run()`` throw `error` when it suspends next. For fault injection.
    nonisolated func crash(_ error: any Error)

    /// Ends the flow gently: a stage at its head makes no more events, any other ends once its producers have ended and
    /// everything they sent is handled.
    nonisolated func finish()

    /// Tells the stage of its surroundings. A supervisor does so before ``run()``.
    nonisolated func attach(_ context: StageContext)

    /// Counters and windows as they are now. Never waits for a handler.
    nonisolated func reading() -> StageReading
}

extension Stage {
    public func terminate(_ reason: EndReason) async {}

    public func drain() async {}
}
