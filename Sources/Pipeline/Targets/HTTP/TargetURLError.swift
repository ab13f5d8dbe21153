/// Why a text is not the URL of a target.
package enum TargetURLError: Error, Sendable, Equatable {
    case malformed
    case notHTTP
    case hasCredentials
    case notASCII
}

extension TargetURLError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed: "is not a valid URL"
        case .notHTTP: "is not an absolute http or https URL"
        case .hasCredentials: "must not contain a user name or password"
        case .notASCII: "must have its host in ASCII (an international name as xn--…)"
        }
    }
}
