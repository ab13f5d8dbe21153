/// The events of one or several producers as an asynchronous sequence, with a demand window for each.
///
/// An iteration subscribes when it begins and has left nothing behind when it is over: leaving the loop, or the
/// cancellation of its task, cancels the subscriptions and gives back what was not handed out. It ends when all producers
/// have, or one whose subscription is permanent has; a failure is thrown. Each iteration subscribes anew.
///
/// ```swift
/// for try await order in EventStream(of: orders.outlet, SubscriptionOptions(maxDemand: 10)) {
///     print(order)
/// }
/// ```
public struct EventStream<Element: Sendable>: AsyncSequence, Sendable {
    /// A producer, and how to subscribe to it.
    public struct Producer: Sendable {
        let outlet: Outlet<Element>
        let options: SubscriptionOptions

        public init(_ outlet: Outlet<Element>, _ options: SubscriptionOptions = SubscriptionOptions()) {
            self.outlet = outlet
            self.options = options
        }
    }

    private let producers: [Producer]

    public init(_ producers: [Producer]) {
        self.producers = producers
    }

    public init(of outlet: Outlet<Element>, _ options: SubscriptionOptions = SubscriptionOptions()) {
        self.init([Producer(outlet, options)])
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(producers)
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        private let reader: Reader
        private var batch: Events<Element> = []

        init(_ producers: [Producer]) {
            reader = Reader(producers)
        }

        public mutating func next() async throws -> Element? {
            try await next(isolation: #isolation)
        }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
            if let event = batch.popFirst() { return event }
            guard let events = try await reader.next() else { return nil }
            batch = events
            return batch.popFirst()
        }
    }

    /// Ends the subscriptions when the last iterator is gone.
    private final class Reader: Sendable {
        private let inlet = Inlet<Element>()
        private let stream: AsyncStream<Batch<Element>>
        private let failure: (any Error)?

        init(_ producers: [Producer]) {
            stream = inlet.stream()
            inlet.finish()
            do {
                for producer in producers { try inlet.subscribe(to: producer.outlet, producer.options) }
                try inlet.begin()
                failure = nil
            } catch {
                failure = error
            }
        }

        deinit {
            inlet.close(.normal)
        }

        nonisolated(nonsending) func next() async throws -> Events<Element>? {
            if let failure { throw failure }
            if let batch = inlet.ready() { return batch.events }
            var iterator = stream.makeAsyncIterator()
            if let batch = await iterator.next(isolation: #isolation) { return batch.events }
            let reason = inlet.reason(after: nil, isCancelled: Task.isCancelled)
            inlet.close(reason)
            try reason.get()
            return nil
        }
    }
}
