/// A producer of the elements of an asynchronous sequence, which is read one by one, and only while there is demand. It
/// ends normally after the last, or fails with the error that the sequence throws.
///
/// ```swift
/// let lines = AsyncSequenceSource(FileHandle.standardInput.bytes.lines)
/// ```
public actor AsyncSequenceSource<Base: AsyncSequence & Sendable>: Source where Base.Element: Sendable {
    public nonisolated let outlet: Outlet<Base.Element>
    private let base: Base
    private var iterator: Base.AsyncIterator?

    /// - Parameters:
    ///   - base: What is read.
    ///   - dispatcher: Which consumer gets which elements.
    public init(_ base: Base, dispatcher: Dispatching<Base.Element> = .demand) {
        self.base = base
        outlet = Outlet(dispatcher: dispatcher)
    }

    public func next(upTo demand: Int) async throws -> [Base.Element]? {
        var iterator = iterator.take() ?? base.makeAsyncIterator()
        let element = try await iterator.next(isolation: self)
        self.iterator = iterator
        return element.map { [$0] }
    }
}
