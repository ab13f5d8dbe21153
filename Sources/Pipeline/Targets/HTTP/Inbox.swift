import Synchronization

/// What other threads have for the event loop, in order. The loop is woken once for all that came in while it slept,
/// and not at all while it is awake.
final class Inbox: Sendable {
    enum Message: Sendable {
        case start(Submission)
        case cancel(Ticket)
        case resolved(name: String, LookUpResult)
        case stop
    }

    private struct State {
        var messages: [Message] = []
        var isLoopAsleep = false
        var isClosed = false
    }

    let bell: Doorbell
    private let state = Mutex(State())

    init() throws(CurlTransportError) {
        do {
            bell = try Doorbell()
        } catch {
            throw .noDescriptor(error.reason)
        }
    }

    /// - Returns: false when the loop is over, and the message will never be read.
    @discardableResult
    func send(_ message: Message) -> Bool {
        let (isTaken, wakes) = state.withLock { state -> (Bool, Bool) in
            if state.isClosed { return (false, false) }
            state.messages.append(message)
            defer { state.isLoopAsleep = false }
            return (true, state.isLoopAsleep)
        }
        if wakes { bell.ring() }
        return isTaken
    }

    /// Exchanges all that has come in for the empty `messages`, whose memory is used for what comes next.
    func take(into messages: inout [Message]) {
        state.withLock { swap(&$0.messages, &messages) }
    }

    /// - Returns: false when there is something to be taken; else the next message will ring `bell`.
    func prepareToSleep() -> Bool {
        state.withLock { state in
            state.isLoopAsleep = state.messages.isEmpty
            return state.isLoopAsleep
        }
    }

    /// Refuses all further messages.
    /// - Returns: those that were not taken.
    func close() -> [Message] {
        state.withLock { state in
            state.isClosed = true
            defer { state.messages = [] }
            return state.messages
        }
    }
}
