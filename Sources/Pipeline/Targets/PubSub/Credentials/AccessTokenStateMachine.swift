/// Whether the access token serves, and when one is to be fetched: a pure state machine.
///
/// One fetch at a time, whoever wants a token. A token that is about to expire goes on serving while the next one is
/// fetched. A failure is the answer for everybody for a second, so that an endpoint that is unwell is not stormed.
struct AccessTokenStateMachine {
    /// How long a failure is remembered.
    static let pause = Duration.seconds(1)

    enum Answer: Equatable {
        case token(AccessToken)
        case failure(AccessTokenError)
        /// The fetch that is wanted, or under way, will tell.
        case wait
    }

    private var token: AccessToken?
    private var failure: (error: AccessTokenError, until: Timestamp)?
    /// A fetch is under way, or about to begin.
    private(set) var isFetching = false
    private(set) var isClosed = false

    /// - Returns: `fetch`: one is to begin.
    mutating func ask(at now: Timestamp) -> (answer: Answer, fetch: Bool) {
        guard !isClosed else { return (.failure(.cancelled), false) }
        let held = failure.flatMap { $0.until > now ? $0.error : nil }
        if let token, token.expiresAt > now {
            return (.token(token), token.refreshAt <= now && held == nil && begin())
        }
        if let held, !isFetching { return (.failure(held), false) }
        return (.wait, begin())
    }

    private mutating func begin() -> Bool {
        defer { isFetching = true }
        return !isFetching
    }

    /// The token is not accepted any more, whatever its time says.
    mutating func reject(_ rejected: AccessToken) {
        if token?.text == rejected.text { token = nil }
    }

    /// The fetch is over.
    mutating func fetched(_ result: Result<AccessToken, AccessTokenError>, at now: Timestamp) {
        isFetching = false
        switch result {
        case .success(let fresh):
            token = fresh
            failure = nil
        case .failure(let error):
            failure = (error, now.advanced(by: Self.pause))
        }
    }

    /// Nobody fetches any more.
    mutating func close() {
        isClosed = true
        isFetching = false
    }
}
