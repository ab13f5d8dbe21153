/// What a stage under test reports, in order, for the test to await.
public final class Mailbox<Item: Sendable>: Sendable {
    private let continuation: AsyncStream<Item>.Continuation
    private let stream: AsyncStream<Item>

    public init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    public func post(_ item: Item) { continuation.yield(item) }

    /// The next item. One reader at a time. Throws when the reader is cancelled.
    public func next() async throws -> Item {
        var iterator = stream.makeAsyncIterator()
        guard let item = await iterator.next() else { throw CancellationError() }
        return item
    }

    public func next(_ count: Int) async throws -> [Item] {
        var items: [Item] = []
        while items.count < count { items.append(try await next()) }
        return items
    }
}
