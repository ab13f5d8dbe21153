import Synchronization

/// A value that tasks wait on: a wait ends with the change that makes its condition true.
final class Watched<Value: Sendable>: Sendable {
    private struct State {
        var value: Value
        var waiting: [Int: Waiting] = [:]
        var next = 0
    }

    private struct Waiting {
        var condition: @Sendable (Value) -> Bool
        var continuation: CheckedContinuation<Void, Never>
    }

    private let state: Mutex<State>

    init(_ value: Value) {
        state = Mutex(State(value: value))
    }

    var value: Value { state.withLock { $0.value } }

    @discardableResult
    func change<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        let (result, ready) = state.withLock { state in
            let result = body(&state.value)
            let keys = state.waiting.filter { $0.value.condition(state.value) }.keys
            return (result, keys.compactMap { state.waiting.removeValue(forKey: $0)?.continuation })
        }
        for continuation in ready { continuation.resume() }
        return result
    }

    /// - Throws: `CancellationError` when the task is cancelled, as at the time limit of its test.
    func wait(until condition: @escaping @Sendable (Value) -> Bool) async throws {
        let key = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    if condition(state.value) || Task.isCancelled { return true }
                    state.waiting[key] = Waiting(condition: condition, continuation: continuation)
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: key) }?.continuation.resume()
        }
        try Task.checkCancellation()
    }
}
