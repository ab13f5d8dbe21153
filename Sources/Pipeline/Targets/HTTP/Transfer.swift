internal import CLibCurl

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// One exchange under way, and the easy handle that makes it; used for one exchange after another. It belongs to the
/// event loop's thread.
final class Transfer {
    /// What one exchange is made of.
    struct Job {
        let submission: Submission
        let destination: Destination
        let startedAt: ContinuousClock.Instant

        /// When the look-up of the name has taken too long.
        func lookUpDeadline(_ configuration: CurlConfiguration) -> ContinuousClock.Instant {
            startedAt + min(submission.request.timeout, configuration.connectTimeout)
        }
    }

    private static let mostRepeats = 5

    let easy = CurlEasy()
    private(set) var job: Job?
    private let configuration: CurlConfiguration
    private let poller: any SocketPoller
    private let counters: LoopCounters
    private var headers: CurlList?
    private var pin: CurlList?
    private var url = ""
    private var reader = ResponseReader()
    private var refusedAddress: IPAddress?
    private var socketError: Int32?
    private var socketsOpened = 0
    private var repeats = 0
    /// What the exchange has failed with, while its connection is made once more to see the dates of the certificates.
    private var failed: TransferFacts?

    init(configuration: CurlConfiguration, poller: any SocketPoller, counters: LoopCounters) {
        self.configuration = configuration
        self.poller = poller
        self.counters = counters
        counters.handleWasMade()
        setUp()
    }

    deinit {
        counters.handleWasFreed()
    }

    /// Makes the handle ready to be added.
    /// - Parameters:
    ///   - addresses: those of the destination's name, if it has one.
    ///   - prunes: whether libcurl is to forget what was pinned long ago.
    ///   - now: what is left of the timeout is counted from here.
    func begin(_ job: Job, addresses: [IPAddress], prunes: Bool, now: ContinuousClock.Instant) throws(TransportFailure)
    {
        let request = job.submission.request
        headers = try Self.headers(of: request)
        pin = job.destination.pin(addresses)
        self.job = job
        repeats = 0

        if url != request.url {
            url = request.url
            easy.set(CURLOPT_URL, url)
            easy.set(CURLOPT_PROXY, job.destination.proxy ?? "")
        }
        easy.set(CURLOPT_HTTPHEADER, headers?.pointer)
        easy.set(CURLOPT_RESOLVE, pin?.pointer)
        easy.set(CURLOPT_DNS_CACHE_TIMEOUT, prunes ? 60 : -1)
        setMethod(of: request)
        restart(job, now: now)
    }

    /// Makes the handle ready to be added once more if the transfer is to be repeated: it was given a connection that
    /// had been kept, and that ended before a byte of the response was there. libcurl does so by itself, but counts it
    /// over all transfers of a handle and fails each sixth time (fixed after 8.16).
    func repeats(after code: CURLcode, now: ContinuousClock.Instant) -> Bool {
        guard
            let job, code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR, socketsOpened == 0, !reader.hasBegun,
            repeats < Self.mostRepeats
        else { return false }
        repeats += 1
        restart(job, now: now)
        return true
    }

    /// Makes the handle ready to be added once more if the target's certificates were refused for their dates: a second
    /// connection tells which. Nothing is sent on it, and it is closed afterwards.
    func inspects(after code: CURLcode, now: ContinuousClock.Instant) -> Bool {
        guard let job, failed == nil, code == CURLE_PEER_FAILED_VERIFICATION else { return false }
        let facts = facts(of: code)
        guard facts.isOutOfDate else { return false }
        failed = facts
        setInspecting(true)
        restart(job, now: now)
        return true
    }

    private func setInspecting(_ isInspecting: Bool) {
        easy.set(CURLOPT_CONNECT_ONLY, isInspecting ? 1 : 0)
        easy.set(CURLOPT_CERTINFO, isInspecting ? 1 : 0)
        easy.set(CURLOPT_SSL_VERIFYPEER, isInspecting ? 0 : 1)
        easy.set(CURLOPT_SSL_VERIFYHOST, isInspecting ? 0 : 2)
        // Whoever shows no valid certificate gets to see none.
        easy.set(CURLOPT_SSLCERT, isInspecting ? nil : configuration.clientCertificate?.certificate)
        easy.set(CURLOPT_SSLKEY, isInspecting ? nil : configuration.clientCertificate?.key)
    }

    private func setMethod(of request: HTTPRequest) {
        easy.set(CURLOPT_CUSTOMREQUEST, request.method == .delete ? "DELETE" : nil)
        guard request.method == .post else {
            easy.set(CURLOPT_HTTPGET, 1)
            return
        }
        easy.set(CURLOPT_POST, 1)
        // The elements of an array stay where they are as long as it is kept and not changed: `job` does so until the
        // transfer is over. libcurl takes no null pointer for an empty body.
        let body = request.body.withUnsafeBytes { $0.baseAddress }
        easy.set(CURLOPT_POSTFIELDS, body ?? UnsafeRawPointer(easy.handle))
        easy.set(CURLOPT_POSTFIELDSIZE_LARGE, large: request.body.count)
    }

    private func restart(_ job: Job, now: ContinuousClock.Instant) {
        let request = job.submission.request
        reader = ResponseReader(keptBytes: request.keptBytes, readBytes: request.readBytes)
        refusedAddress = nil
        socketError = nil
        socketsOpened = 0
        easy.clearError()
        let left = max(1, (job.startedAt + request.timeout - now).wholeMilliseconds)
        easy.set(CURLOPT_TIMEOUT_MS, left)
        easy.set(CURLOPT_CONNECTTIMEOUT_MS, min(left, configuration.connectTimeout.wholeMilliseconds))
    }

    /// Takes the result once the transfer is over.
    func end(_ code: CURLcode, now: ContinuousClock.Instant) -> HTTPExchange {
        var exchange = HTTPExchange()
        if var facts = failed {
            if code == CURLE_OK { facts.certificateDates = CertificateDates(of: easy) }
            exchange.failure = facts.failure
        } else if reader.isHeadComplete, code == CURLE_OK || reader.isCutOff {
            exchange.status = easy.long(CURLINFO_RESPONSE_CODE)
        } else if code == CURLE_OK {
            exchange.failure = .closed(.reading)
        } else {
            exchange.failure = facts(of: code).failure
        }
        exchange.retryAfter = reader.retryAfter
        exchange.location = reader.location
        exchange.body = reader.body
        exchange.isCutOff = reader.isCutOff
        exchange.duration = job.map { now - $0.startedAt } ?? .zero
        return exchange
    }

    /// Lets go of the request and the response.
    func release() {
        job = nil
        if failed != nil {
            failed = nil
            setInspecting(false)
        }
        reader = ResponseReader()
        headers = nil
        easy.set(CURLOPT_HTTPHEADER, nil as UnsafeRawPointer?)
    }

    private func setUp() {
        let context = UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
        easy.set(CURLOPT_PRIVATE, context)
        easy.set(CURLOPT_NOSIGNAL, 1)
        curl_set_quick_exit(easy.handle)
        curl_set_http_only(easy.handle)
        easy.set(CURLOPT_FOLLOWLOCATION, 0)
        easy.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        easy.set(CURLOPT_TCP_NODELAY, 1)
        easy.set(CURLOPT_TCP_KEEPALIVE, 1)
        // A name that moves to other addresses is followed after a while, however busy its connections are.
        easy.set(CURLOPT_MAXLIFETIME_CONN, 600)
        // Empty and not merely unset: libcurl would look into the environment.
        easy.set(CURLOPT_PROXY, "")
        easy.set(CURLOPT_NOPROXY, "")
        easy.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        if let path = configuration.certificateAuthorities { easy.set(CURLOPT_CAINFO, path) }
        setInspecting(false)
        // A handshake would read all authorities anew: libcurl keeps them only if they come from a file alone.
        if configuration.certificateAuthorities != nil || Self.systemHasCertificateFile {
            easy.set(CURLOPT_CAPATH, nil as String?)
        }
        easy.set(CURLOPT_WRITEDATA, context)
        curl_set_data_function(easy.handle, CURLOPT_WRITEFUNCTION) { bytes, _, count, context in
            let piece = UnsafeRawBufferPointer(start: bytes, count: count)
            return Transfer.from(context).reader.takeBody(piece) ? count : 0
        }
        easy.set(CURLOPT_HEADERDATA, context)
        curl_set_data_function(easy.handle, CURLOPT_HEADERFUNCTION) { bytes, _, count, context in
            let line = UnsafeRawBufferPointer(start: bytes, count: count)
            return Transfer.from(context).reader.takeHeader(line) ? count : 0
        }
        easy.set(CURLOPT_OPENSOCKETDATA, context)
        curl_set_open_socket_function(easy.handle) { context, _, address in
            Transfer.from(context).openSocket(for: address!)
        }
        easy.set(CURLOPT_RESOLVER_START_DATA, context)
        // libcurl starts a thread a look-up: names come pinned, and only what spells an address passes here.
        curl_set_resolver_start_function(easy.handle) { _, _, context in
            Transfer.from(context).job?.destination.name == nil ? 0 : 1
        }
    }

    /// Opens a socket if the rule allows its address. The proxy's address is the operator's choice.
    private func openSocket(for address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr)!
        let target = IPAddress(UnsafeRawPointer(address) + offset)
        if job?.destination.proxy == nil, target.map(configuration.addressPolicy.refuses) ?? true {
            refusedAddress = target
            return -1
        }
        let descriptor = socket(address.pointee.family, address.pointee.socktype, address.pointee.protocol)
        guard descriptor >= 0 else {
            socketError = errno
            return -1
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        socketsOpened += 1
        poller.opened(descriptor)
        return descriptor
    }

    private func facts(of code: CURLcode) -> TransferFacts {
        let phase = phase
        let timeout = job?.submission.request.timeout ?? .zero
        let isConnecting = phase == .connecting || phase == .handshake
        return TransferFacts(
            code: code,
            message: easy.errorMessage,
            systemError: Int32(truncatingIfNeeded: easy.long(CURLINFO_OS_ERRNO)),
            certificateError: easy.long(CURLINFO_SSL_VERIFYRESULT),
            phase: phase,
            timeLimit: isConnecting ? min(timeout, configuration.connectTimeout) : timeout,
            refusedAddress: socketsOpened == 0 ? refusedAddress : nil,
            socketError: socketsOpened == 0 ? socketError : nil,
            isHeadTooLong: reader.isHeadTooLong,
            proxyStatus: job?.destination.proxy == nil ? 0 : easy.long(CURLINFO_HTTP_CONNECTCODE)
        )
    }

    private var phase: TransportFailure.Phase {
        if reader.hasBegun { return .reading }
        if easy.large(CURLINFO_PRETRANSFER_TIME_T) > 0 {
            return easy.large(CURLINFO_SIZE_UPLOAD_T) < job?.submission.request.body.count ?? 0 ? .sending : .waiting
        }
        let isSecure = job?.destination.url.isSecure ?? false
        return isSecure && easy.long(CURLINFO_LOCAL_PORT) > 0 ? .handshake : .connecting
    }

    private static func headers(of request: HTTPRequest) throws(TransportFailure) -> CurlList {
        // Bodies over 1 MB would wait for a "100 Continue" that most receivers do not send.
        let list = CurlList(["Expect:"])
        var hasContentType = false
        for (name, value) in request.headers {
            let line = value.isEmpty ? name + ";" : "\(name): \(value)"
            guard !line.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D || $0 == 0 }) else {
                throw .invalidRequest("header \(name.debugDescription) holds a line break or a NUL")
            }
            hasContentType = hasContentType || name.lowercased() == "content-type"
            list.append(line)
        }
        // libcurl would call it a form.
        if !hasContentType { list.append("Content-Type:") }
        return list
    }

    private static let systemHasCertificateFile: Bool = {
        guard let path = curl_certificate_file() else { return false }
        return access(path, R_OK) == 0
    }()

    /// libcurl calls back only while the handle is in the multi handle, and then the loop holds its transfer.
    static func from(_ context: UnsafeMutableRawPointer?) -> Transfer {
        Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
    }
}
