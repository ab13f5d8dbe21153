/// What happens to a store from outside, as `MessageStore.watch` tells it.
package enum StoreEvent: Sendable, Equatable {
    /// Others have appended to these topics.
    case appended([TopicHead])
    /// The node may have lost its right to deliver: no attempt may start until it has it again.
    case interrupted(reason: String)
    /// The node has its right again, by a new connection. What it remembers of the store may be wrong: a standby that was
    /// promoted may give out ids that were given out before.
    case resumed
}
