internal import CLibCurl

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What is known of a transfer that libcurl ended with an error, and how that is put into words.
struct TransferFacts {
    var code: CURLcode
    /// libcurl's words.
    var message: String
    /// The `errno` of the last connection attempt.
    var systemError: Int32
    /// OpenSSL's `X509_V_ERR_…`; 0 when the certificate's chain is in order.
    var certificateError: Int
    /// Of the target, looked up after they were refused for their dates.
    var certificateDates: CertificateDates?
    var phase: TransportFailure.Phase
    /// The whole exchange's; for `connecting` and `handshake` the shorter one that applied.
    var timeLimit: Duration
    /// The last address that the rule forbade, if no other was tried.
    var refusedAddress: IPAddress?
    /// Why the system had no socket to give.
    var socketError: Int32?
    var isHeadTooLong: Bool
    /// What the proxy answered when it was asked for a tunnel; 0 when there was none to ask.
    var proxyStatus: Int

    var failure: TransportFailure {
        if proxyStatus >= 300 { return .proxy("it answered \(proxyStatus)") }
        return switch code {
        case CURLE_COULDNT_CONNECT: couldNotConnect
        case CURLE_OPERATION_TIMEDOUT: .timedOut(after: timeLimit, phase: phase)
        case CURLE_PEER_FAILED_VERIFICATION: .tls(certificateReason)
        case CURLE_SSL_CERTPROBLEM: .tls("the client certificate cannot be used: \(words)")
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            .tls(handshakeReason)
        case CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE: .closed(phase)
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_SEND_FAIL_REWIND: broken
        case CURLE_HTTP2, CURLE_HTTP2_STREAM: .reset(phase)
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL:
            .invalidResponse(words)
        case CURLE_WRITE_ERROR where isHeadTooLong: .invalidResponse("its head is longer than 64 KiB")
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_PROXY: .proxy(words)
        case CURLE_COULDNT_RESOLVE_HOST: .couldNotResolve(name: "host", reason: words)
        case CURLE_URL_MALFORMAT: .invalidRequest(words)
        default: .other(words)
        }
    }

    private var words: String {
        message.isEmpty ? String(cString: curl_easy_strerror(code)) : message
    }

    private var couldNotConnect: TransportFailure {
        if let refusedAddress { return .addressNotAllowed(refusedAddress.description) }
        if let socketError { return .other("no socket: \(Self.words(of: socketError))") }
        switch systemError {
        case ECONNREFUSED: return .refused
        case 0: return .other(words)
        default: return .other("could not connect: \(Self.words(of: systemError))")
        }
    }

    /// A connection that broke while something was read from it or written to it.
    private var broken: TransportFailure {
        // With TLS 1.3 the target judges the client only when the handshake is over for us.
        if let alert { return .tls(Self.words(ofAlert: alert)) }
        if phase == .handshake { return .tls("the target broke off the handshake") }
        if systemError == ECONNRESET || systemError == EPIPE || message.lowercased().contains("reset") {
            return .reset(phase)
        }
        return .closed(phase)
    }

    /// The certificate was refused for its dates alone.
    var isOutOfDate: Bool { certificateError == 9 || certificateError == 10 }

    private var certificateReason: String {
        switch certificateError {
        case 9:
            certificateDates?.start.map { "certificate is not valid before \($0)" } ?? "certificate is not valid yet"
        case 10: certificateDates?.expiry.map { "certificate expired on \($0)" } ?? "certificate expired"
        case 18: "certificate not trusted: it is self-signed"
        case 19: "certificate not trusted: its chain ends in a self-signed one"
        case 2, 20, 21, 27: "certificate not trusted: its issuer is unknown"
        case 23: "certificate revoked"
        // 0 or 1: OpenSSL has no objection (or was not asked yet), so it was libcurl's own check.
        case 0, 1, 62, 64: "certificate is for another host"
        default: words
        }
    }

    private var handshakeReason: String {
        if let alert { return Self.words(ofAlert: alert) }
        return message.isEmpty ? "handshake failed" : "handshake failed: \(message)"
    }

    /// What the target said as it broke off (RFC 8446, 6.2), as OpenSSL names it: `unknown ca`.
    private var alert: Substring? {
        guard let mark = message.firstRange(of: " alert ") else { return nil }
        return message[mark.upperBound...].prefix { $0 != "," && $0 != ":" && $0 != "(" }
    }

    private static func words(ofAlert alert: Substring) -> String {
        switch alert {
        case "certificate required": "the target asks for a client certificate"
        case "bad certificate", "unsupported certificate", "certificate revoked", "certificate expired",
            "certificate unknown", "unknown ca", "access denied":
            "the target does not accept the client certificate (\(alert))"
        default: "the target broke off the handshake (\(alert))"
        }
    }

    private static func words(of error: Int32) -> String {
        String(cString: strerror(error)).lowercased()
    }
}
