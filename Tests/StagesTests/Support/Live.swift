import Stages
import Synchronization

/// Says whether the stages of a test are still there.
final class Live: Sendable {
    private let references = Mutex<[Weak]>([])

    private struct Weak {
        weak var stage: AnyObject?
    }

    func watch<S: Stage>(_ stage: S) -> S {
        references.withLock { $0.append(Weak(stage: stage)) }
        return stage
    }

    var count: Int { references.withLock { $0.count { $0.stage != nil } } }
}
