/// What has become of the history since the start of the node.
package struct HistoryCounts: Sendable, Equatable {
    /// Taken by Pub/Sub.
    package var sent: Int64 = 0
    /// There was no room for them, or Pub/Sub refused them.
    package var lost: Int64 = 0
    /// To be sent.
    package var waiting = 0
    /// Why the last call failed, as a sentence; nil when it did not.
    package var problem: String?

    package init() {}
}
