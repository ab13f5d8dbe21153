import Foundation

/// A thread that resumes whoever asks for it, as a loop of network events does: all that have come meanwhile at a time.
final class Resumer: @unchecked Sendable {
    // Sendable because all of its state is reached with the condition's lock only.
    private let condition = NSCondition()
    private var waiting: [UnsafeContinuation<Void, Never>] = []
    private var isStopped = false

    init() {
        Thread { self.run() }.start()
    }

    func resume(_ continuation: UnsafeContinuation<Void, Never>) {
        condition.lock()
        waiting.append(continuation)
        if waiting.count == 1 { condition.signal() }
        condition.unlock()
    }

    func stop() {
        condition.lock()
        isStopped = true
        condition.signal()
        condition.unlock()
    }

    private func run() {
        while true {
            condition.lock()
            while waiting.isEmpty, !isStopped { condition.wait() }
            let resumed = waiting
            waiting = []
            condition.unlock()
            if resumed.isEmpty { return }
            for continuation in resumed { continuation.resume() }
        }
    }
}
