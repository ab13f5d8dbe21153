import Foundation
import Synchronization

/// The access token of the node's service account, fetched when it is needed and shared by all who publish.
///
/// The key file is read anew for each fetch: a key that was replaced, or a file that was put right, needs no restart.
final class AccessTokens: Sendable {
    private typealias Waiter = CheckedContinuation<AccessTokenStateMachine.Answer, Never>

    private struct State {
        var machine = AccessTokenStateMachine()
        var waiters: [Int: Waiter] = [:]
        var lastWaiter = 0
    }

    /// For the exchange with the token endpoint, as a whole.
    private static let timeout = Duration.seconds(10)
    /// An access token has some hundred bytes, now and then more than a thousand.
    private static let keptBytes = 16_384

    private let credentials: String?
    private let transport: any HTTPTransport
    private let world: World
    private let state = Mutex(State())
    private let wakeup = Wakeup()

    /// - Parameter credentials: path of the service account's key file; nil: there is none, and each caller is told so.
    init(credentials: String?, transport: any HTTPTransport, world: World) {
        self.credentials = credentials
        self.transport = transport
        self.world = world
    }

    /// Fetches tokens until the task is cancelled. Whoever asks before waits for it.
    func run() async {
        while !Task.isCancelled {
            guard state.withLock({ $0.machine.isFetching }) else {
                await wakeup.wait()
                continue
            }
            let result = await fetched()
            guard !Task.isCancelled else { break }
            answer { $0.fetched(result, at: self.world.now()) }
        }
        answer { $0.close() }
    }

    /// A token that serves: at once, if there is one, else when it has been fetched.
    nonisolated(nonsending) func token() async throws(AccessTokenError) -> AccessToken {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { ask($0, id) }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(returning: .wait)
        }
        switch answer {
        case .token(let token): return token
        case .failure(let error): throw error
        // The wait was cut short.
        case .wait: throw .cancelled
        }
    }

    /// The service does not accept it: the next caller waits for another.
    func reject(_ token: AccessToken) {
        state.withLock { $0.machine.reject(token) }
    }

    private func ask(_ continuation: Waiter, _ id: Int) {
        let now = world.now()
        let (answer, fetch) = state.withLock { state -> (AccessTokenStateMachine.Answer?, Bool) in
            guard !Task.isCancelled else { return (.wait, false) }
            let (answer, fetch) = state.machine.ask(at: now)
            guard answer == .wait else { return (answer, fetch) }
            state.waiters[id] = continuation
            return (nil, fetch)
        }
        if let answer { continuation.resume(returning: answer) }
        if fetch { wakeup.ring() }
    }

    /// Enters a change, and tells those who wait what has come of it.
    private func answer(_ change: (inout AccessTokenStateMachine) -> Void) {
        let now = world.now()
        let (answer, waiters) = state.withLock { state -> (AccessTokenStateMachine.Answer, [Waiter]) in
            change(&state.machine)
            let answer = state.machine.ask(at: now).answer
            // One that was too short-lived to serve: the next is under way.
            guard answer != .wait else { return (answer, []) }
            defer { state.waiters = [:] }
            return (answer, state.waiters.sorted { $0.key < $1.key }.map(\.value))
        }
        for waiter in waiters { waiter.resume(returning: answer) }
    }

    // MARK: Fetching

    private func fetched() async -> Result<AccessToken, AccessTokenError> {
        do throws(AccessTokenError) {
            return .success(try await fetch())
        } catch {
            return .failure(error)
        }
    }

    private func fetch() async throws(AccessTokenError) -> AccessToken {
        let account = try ServiceAccount(path: credentials)
        let begun = world.now()
        let assertion = try await account.assertion(at: begun)
        var request = HTTPRequest(
            url: account.tokenURL,
            headers: [("content-type", "application/x-www-form-urlencoded")],
            body: Array("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=\(assertion)".utf8),
            timeout: Self.timeout
        )
        request.keptBytes = Self.keptBytes
        let exchange = await transport.post(request)
        if let failure = exchange.failure {
            if failure == .aborted { throw .cancelled }
            throw .unreachable(url: account.tokenURL, reason: "\(failure)")
        }
        let status = exchange.status ?? 0
        let answer = try? JSONDecoder().decode(TokenAnswer.self, from: Data(exchange.body))
        guard status == 200 else {
            let reason = [answer?.error, answer?.description].compactMap(\.self).joined(separator: ": ")
            throw .refused(
                account: account.email,
                url: account.tokenURL,
                status: status,
                reason: String(reason.prefix(300))
            )
        }
        // What cannot stand in a header is no token.
        guard let text = answer?.token, !text.isEmpty, text.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            throw .invalidAnswer(url: account.tokenURL)
        }
        return AccessToken(
            text: text,
            account: AccessToken.Account(email: account.email, project: account.project),
            fetchedAt: begun,
            expiresAt: begun.advanced(by: .seconds(min(max(answer?.expiresIn ?? 3600, 1), 86_400)))
        )
    }
}

/// What a token endpoint answers, well or not (RFC 6749, 5.1 and 5.2).
private struct TokenAnswer: Decodable {
    var token: String?
    var expiresIn: Int?
    var error: String?
    var description: String?

    enum CodingKeys: String, CodingKey {
        case token = "access_token"
        case expiresIn = "expires_in"
        case error
        case description = "error_description"
    }
}
