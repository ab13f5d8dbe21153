/// One request to the target, built once: a message, or for targets that take batches several.
struct Envelope: Sendable {
    var messages: [PendingMessage]
    /// Empty where the target makes it.
    var body: [UInt8]

    var generation: Int { messages[0].generation }
}
