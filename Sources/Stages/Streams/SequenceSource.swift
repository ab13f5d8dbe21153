/// A producer of the elements of a sequence, which is read only as far as there is demand. It ends normally after the
/// last.
///
/// ```swift
/// let numbers = SequenceSource(1...)
/// try printer.inlet.subscribe(to: numbers.outlet, SubscriptionOptions(maxDemand: 10))
/// ```
public actor SequenceSource<Base: Sequence & Sendable>: Source where Base.Element: Sendable {
    public nonisolated let outlet: Outlet<Base.Element>
    private let base: Base
    private var iterator: Base.Iterator?

    /// - Parameters:
    ///   - base: What is read.
    ///   - dispatcher: Which consumer gets which elements.
    public init(_ base: Base, dispatcher: Dispatching<Base.Element> = .demand) {
        self.base = base
        outlet = Outlet(dispatcher: dispatcher)
    }

    public func next(upTo demand: Int) -> [Base.Element]? {
        var iterator = iterator.take() ?? base.makeIterator()
        var elements: [Base.Element] = []
        while elements.count < demand, let element = iterator.next() { elements.append(element) }
        self.iterator = iterator
        return elements.isEmpty ? nil : elements
    }
}
