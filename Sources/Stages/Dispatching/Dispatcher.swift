/// Decides which consumer of a producer gets which events.
///
/// A dispatcher is a value: its outlet calls it under a lock, so it neither waits nor calls back. It keeps the demand of
/// each subscription and tells how much of it is still to be produced. Six functions are asked of it; the others have
/// defaults for dispatchers that hold no events themselves.
///
/// ```swift
/// /// Everything to whoever subscribed first.
/// struct FirstOnly: Dispatcher {
///     private(set) var wanted = 0
///     private var first: SubscriptionID?
///
///     mutating func add(_ subscriber: Subscriber<Int>) throws(SubscriptionError) {
///         guard first == nil else { throw .refused(reason: "it has a consumer") }
///         first = subscriber.id
///     }
///
///     mutating func ask(_ count: Int, for id: SubscriptionID, to deliver: Delivery<Int>) { wanted += count }
///
///     mutating func remove(_ id: SubscriptionID) { (first, wanted) = (nil, 0) }
///
///     mutating func dispatch(_ events: Events<Int>, to deliver: Delivery<Int>) -> Events<Int> {
///         guard let first, wanted > 0 else { return events }
///         let share = events.prefix(wanted)
///         wanted -= share.count
///         deliver(first, share)
///         return events.dropFirst(share.count)
///     }
///
///     func demand(of id: SubscriptionID) -> Int { wanted }
/// }
/// ```
public protocol Dispatcher<Event>: Sendable {
    associatedtype Event: Sendable

    /// How many events the producer should still make: what was asked for and has not been dispatched.
    var wanted: Int { get }

    /// A consumer subscribes. It has asked for nothing yet.
    mutating func add(_ subscriber: Subscriber<Event>) throws(SubscriptionError)

    /// A consumer asks for `count` more. Events that the dispatcher holds for it can be delivered at once.
    mutating func ask(_ count: Int, for id: SubscriptionID, to deliver: Delivery<Event>)

    /// A consumer leaves, with its demand. What was already handed to the producer for it the outlet remembers.
    mutating func remove(_ id: SubscriptionID)

    /// Hands `events` to consumers, in order and never more to one than it asked for. Returns, in order, those that
    /// nobody wants yet: the outlet buffers them and offers them again when `wanted` is above zero. An error makes the
    /// stage fail; no event may have been delivered then.
    mutating func dispatch(_ events: Events<Event>, to deliver: Delivery<Event>) throws -> Events<Event>

    /// What a consumer has asked for and not been sent.
    func demand(of id: SubscriptionID) -> Int

    /// Takes back events that a consumer which leaves, and is still known, was sent and has not handled. Returns those
    /// that the outlet is to put in front of its buffer: all of them, unless implemented.
    mutating func giveBack(_ events: Events<Event>, from id: SubscriptionID) -> Events<Event>

    /// How many events it holds itself.
    var held: Int { get }

    /// Keeps a notice until the events that it holds now have left, and reports it then. `false`: it holds none.
    mutating func hold(_ notice: @escaping Notice) -> Bool

    /// The stage has ended: what is held is lost, and the notices behind it have passed. The outlet counts the events.
    mutating func close()

    /// What has happened since it was asked last, for the outlet to act on.
    mutating func takeReports() -> [DispatchReport]
}

extension Dispatcher {
    public func giveBack(_ events: Events<Event>, from id: SubscriptionID) -> Events<Event> { events }

    public var held: Int { 0 }

    public func hold(_ notice: @escaping Notice) -> Bool { false }

    public func close() {}

    public func takeReports() -> [DispatchReport] { [] }
}

/// Hands events to a subscription.
public typealias Delivery<Event> = (SubscriptionID, Events<Event>) -> Void

/// What is called when the events before it have left, see ``Outlet/inform(_:)``.
public typealias Notice = @Sendable () -> Void
