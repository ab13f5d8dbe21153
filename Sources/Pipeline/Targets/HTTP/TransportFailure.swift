/// Why a POST got no complete response, in the words that an operator reads.
package enum TransportFailure: Error, Sendable, Equatable {
    /// What the transfer was doing when its time was up.
    package enum Phase: Sendable, Equatable {
        case resolving(name: String)
        case connecting
        case handshake
        case sending
        case waiting
        case reading
    }

    /// Nobody listens at that address.
    case refused
    case couldNotResolve(name: String, reason: String)
    case timedOut(after: Duration, phase: Phase)
    /// The TLS handshake failed, for this reason.
    case tls(String)
    /// The rule for addresses forbids this one.
    case addressNotAllowed(String)
    /// The target reset the connection.
    case reset(Phase)
    /// The target closed the connection before the response was complete.
    case closed(Phase)
    /// What arrived is not HTTP, or more than is read of a response's head.
    case invalidResponse(String)
    case proxy(String)
    /// The request cannot be sent as it is.
    case invalidRequest(String)
    /// Anything else, in libcurl's words.
    case other(String)
    /// The task was cancelled, or the transport was stopped.
    case aborted
}

extension TransportFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refused: "connection refused"
        case .couldNotResolve(let name, let reason): "could not resolve \(name): \(reason)"
        case .timedOut(let limit, let phase): "timed out after \(Self.seconds(limit)) s \(phase)"
        case .tls(let reason): "TLS: \(reason)"
        case .addressNotAllowed(let address): "address \(address) is not allowed"
        case .reset(let phase): "connection reset \(phase)"
        case .closed(let phase): "connection closed \(phase)"
        case .invalidResponse(let reason): "invalid response: \(reason)"
        case .proxy(let reason): "proxy: \(reason)"
        case .invalidRequest(let reason): "invalid request: \(reason)"
        case .other(let words): words
        case .aborted: "aborted"
        }
    }

    /// Seconds with as many decimals as needed, three at most: `5`, `0.25`.
    private static func seconds(_ duration: Duration) -> String {
        let milliseconds = duration.wholeMilliseconds
        var text = "\(milliseconds / 1_000)"
        if milliseconds % 1_000 != 0 {
            text += "." + String("\(1_000 + milliseconds % 1_000)".dropFirst())
            while text.hasSuffix("0") { text.removeLast() }
        }
        return text
    }
}

extension TransportFailure.Phase: CustomStringConvertible {
    package var description: String {
        switch self {
        case .resolving(let name): "while looking up \(name)"
        case .connecting: "while connecting"
        case .handshake: "during TLS handshake"
        case .sending: "while sending the request"
        case .waiting: "while waiting for the response"
        case .reading: "while reading the response"
        }
    }
}

extension Duration {
    /// Rounded up, so that a wait for it is never too short.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1_000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
