import Synchronization

/// How many bytes may be held at once, shared by all requests.
final class ByteBudget: Sendable {
    private let left: Mutex<Int>

    init(_ bytes: Int) {
        left = Mutex(bytes)
    }

    /// - Returns: false when so many are not left; then nothing is reserved.
    func reserve(_ bytes: Int) -> Bool {
        left.withLock { left in
            guard left >= bytes else { return false }
            left -= bytes
            return true
        }
    }

    func release(_ bytes: Int) {
        left.withLock { $0 += bytes }
    }
}
