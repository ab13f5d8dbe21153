/// How many names are looked up at once, and for how long the answers hold.
struct NameLimits: Sendable {
    var lookUps = 64
    var fresh = Duration.seconds(30)
    var stale = Duration.seconds(3_600)
    /// How long a failure is answered from here.
    var failure = Duration.seconds(2)
    /// A look-up that takes longer than this is slow.
    var slow = Duration.seconds(1)
    var names = 4_096
}
