/// Why there is no access token.
package enum AccessTokenError: Error, Sendable, Equatable {
    case noCredentials
    case unreadable(path: String)
    case unusable(path: String, reason: String)
    case cannotSign(String)
    /// The token endpoint gave no answer.
    case unreachable(url: String, reason: String)
    case refused(account: String, url: String, status: Int, reason: String)
    case invalidAnswer(url: String)
    /// The task that waited for it was cancelled, or the node is shutting down.
    case cancelled
}

extension AccessTokenError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noCredentials:
            "GOOGLE_APPLICATION_CREDENTIALS is not set: Pub/Sub asks for the key file of a service account"
        case .unreadable(let path): "GOOGLE_APPLICATION_CREDENTIALS: \(path) cannot be read"
        case .unusable(let path, let reason): "GOOGLE_APPLICATION_CREDENTIALS: \(path) \(reason)"
        case .cannotSign(let reason): "the key of the service account cannot sign: \(reason)"
        case .unreachable(let url, let reason): "no access token from \(url): \(reason)"
        case .refused(let account, let url, let status, let reason):
            "no access token for \(account) from \(url) (status \(status))\(reason.isEmpty ? "" : ": \(reason)")"
        case .invalidAnswer(let url): "the answer of \(url) holds no access token"
        case .cancelled: "aborted"
        }
    }
}
