import Synchronization

/// Collects what happens, from anywhere.
final class Recorder<Item: Sendable>: Sendable {
    private let state = Mutex<[Item]>([])

    var items: [Item] { state.withLock { $0 } }

    func append(_ item: Item) { state.withLock { $0.append(item) } }
}
