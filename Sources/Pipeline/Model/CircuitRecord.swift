/// What is kept of a publisher's circuit while it is not simply closed, so that it survives a restart.
package struct CircuitRecord: Sendable, Equatable, Codable {
    package enum Cause: String, Sendable, Codable {
        /// Failures of the target: connection, time-out, 5xx, 408, 425, 429.
        case target
        /// Refusals: the target answers, and wants none of the messages.
        case refusals
    }

    package var isOpen: Bool
    package var cause: Cause
    /// The failure that opened it, as a sentence.
    package var detail: String?
    package var openedAt: Timestamp
    /// When the target is tried next; of no meaning when closed.
    package var nextProbeAt: Timestamp
    /// How often the delay between probes has been doubled.
    package var step: Int
    /// The message that was probed last: the next probe takes the next one after it.
    package var probedID: Int64
    /// Whether a notice has told of it.
    package var isNoticed: Bool

    package init(
        isOpen: Bool,
        cause: Cause,
        detail: String?,
        openedAt: Timestamp,
        nextProbeAt: Timestamp,
        step: Int = 0,
        probedID: Int64 = 0,
        isNoticed: Bool = false
    ) {
        self.isOpen = isOpen
        self.cause = cause
        self.detail = detail
        self.openedAt = openedAt
        self.nextProbeAt = nextProbeAt
        self.step = step
        self.probedID = probedID
        self.isNoticed = isNoticed
    }
}
