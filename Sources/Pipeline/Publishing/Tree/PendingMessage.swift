/// A message on its way through a publisher's tree.
struct PendingMessage: Sendable {
    /// Where it comes from, and so where it goes back to.
    enum Origin: Sendable, Equatable {
        case log
        /// It has a row of its own, and has left the log. Apart, so that messages without one are small.
        indirect case row(ParkedMessage)
        /// The range that is delivered once more.
        case replay
    }

    var message: Message
    var origin: Origin
    /// The ledger's generation when it was handed out. An event of an older one is dropped wherever it is.
    var generation: Int
    /// Its bytes of the node's budget: they go back when the last copy of the event goes.
    var bytes: Reservation

    /// What is known of earlier attempts.
    var row: ParkedMessage {
        switch origin {
        case .row(let row): row
        case .log: ParkedMessage(messageID: message.id, attempts: 0, dueAt: .distantPast)
        case .replay: ParkedMessage(messageID: message.id, attempts: 0, dueAt: .distantPast, isReplay: true)
        }
    }

    var isRow: Bool {
        if case .row = origin { true } else { false }
    }

    /// It had left before, and is counted apart.
    var isReplay: Bool {
        switch origin {
        case .row(let row): row.isReplay
        case .log: false
        case .replay: true
        }
    }

    /// Attempts made so far, but for those that were returned.
    var attempts: Int {
        if case .row(let row) = origin { row.attempts } else { 0 }
    }
}
