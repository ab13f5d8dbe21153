/// A message on its way through a publisher's tree.
struct PendingMessage: Sendable {
    var message: Message
    /// Attempts made so far.
    var attempts: Int
    /// It has a row of its own, and has left the log.
    var isParked: Bool
    /// The ledger's generation when it was handed out. An event of an older one is dropped wherever it is.
    var generation: Int
    /// Its bytes of the node's budget: they go back when the last copy of the event goes.
    var bytes: Reservation
}

/// One request to the target, built once: a message, or for targets that take batches several.
struct Envelope: Sendable {
    var messages: [PendingMessage]
    var body: [UInt8]

    var generation: Int { messages[0].generation }
}
