/// Locks by number that PostgreSQL keeps for us: of one database, and of all programs that use it.
enum AdvisoryLock: Int32 {
    /// "POST" in ASCII: how we tell ours from other programs'.
    static let `class`: Int32 = 0x504F_5354

    /// Held while the tables are brought up to date.
    case migration = 1
    /// Held by the node that delivers.
    case node = 2
    /// Shared by everybody who appends.
    case presence = 3
    /// Held by the node that cleans up.
    case cleaning = 4
    /// Held by the node that asks origins for their messages.
    case recovery = 5
}
