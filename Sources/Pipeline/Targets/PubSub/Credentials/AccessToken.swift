/// What a service account shows with each call, for about an hour.
struct AccessToken: Sendable, Equatable {
    /// Whose it is.
    struct Account: Sendable, Equatable {
        var email: String
        var project: String?
    }

    var text: String
    var account: Account
    var fetchedAt: Timestamp
    var expiresAt: Timestamp

    /// From then on the next one is fetched while this one still serves: five minutes before it expires, or after half of
    /// its life where that is short.
    var refreshAt: Timestamp {
        let life = expiresAt.since(fetchedAt)
        return expiresAt.advanced(by: .zero - min(.seconds(300), life / 2))
    }
}
