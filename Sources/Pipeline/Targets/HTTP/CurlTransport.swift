internal import CLibCurl
import Foundation
import Synchronization

/// HTTP by libcurl: one thread with one event loop makes all exchanges.
///
/// - Addresses that the rule forbids are refused when the socket is opened, so no name leads around it.
/// - Redirects are not followed, cookies not kept, `Accept-Encoding` not sent; only http and https are spoken.
/// - HTTP/2 is used where TLS negotiates it, with one exchange a connection at a time: what ends a connection fails
///   no more than one delivery.
/// - Names are looked up aside: one that gets no answer holds up nobody else.
/// - How many exchanges are under way is the caller's to bound; each takes a connection at once.
package final class CurlTransport: HTTPTransport {
    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    private let configuration: CurlConfiguration
    private let proxy: Proxy?
    private let resolver: Resolver
    private let nameLimits: NameLimits
    private let pollsPortably: Bool
    private let inbox: Inbox
    private let counters = LoopCounters()
    private let hasRun = Atomic(false)

    /// - Throws: when the configuration names certificates or a proxy that cannot be used.
    package convenience init(configuration: CurlConfiguration = CurlConfiguration()) throws(CurlTransportError) {
        try self.init(configuration: configuration, resolver: .system)
    }

    init(
        configuration: CurlConfiguration,
        resolver: Resolver,
        nameLimits: NameLimits = NameLimits(),
        pollsPortably: Bool = false
    ) throws(CurlTransportError) {
        precondition(Self.isLibraryReady, "libcurl cannot be initialised")
        if let path = configuration.certificateAuthorities, !FileManager.default.isReadableFile(atPath: path) {
            throw .cannotReadCertificates(path: path)
        }
        self.configuration = configuration
        self.resolver = resolver
        self.nameLimits = nameLimits
        self.pollsPortably = pollsPortably
        if let proxy = configuration.proxy {
            self.proxy = try Proxy(proxy, directHosts: configuration.directHosts)
        } else {
            proxy = nil
        }
        inbox = try Inbox()
    }

    /// Makes exchanges until the task is cancelled; then aborts those under way and returns when its thread is over.
    /// What is posted before it runs waits for it; what is posted after it is aborted.
    package func run() async throws(CurlTransportError) {
        guard !hasRun.exchange(true, ordering: .relaxed) else { throw .alreadyRan }
        await withTaskCancellationHandler {
            await LoopThread.run(named: "http") { [self] in
                let loop = TransferLoop(
                    configuration: configuration,
                    inbox: inbox,
                    resolver: resolver,
                    nameLimits: nameLimits,
                    proxy: proxy,
                    counters: counters,
                    poller: makePoller()
                )
                loop.run()
            }
        } onCancel: {
            inbox.send(.stop)
        }
    }

    package func send(_ request: HTTPRequest) async -> HTTPExchange {
        let ticket = Ticket()
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let submission = Submission(ticket: ticket, request: request, continuation: continuation)
                if !inbox.send(.start(submission)) {
                    continuation.resume(returning: HTTPExchange(failure: .aborted))
                }
            }
        } onCancel: {
            ticket.cancel()
            inbox.send(.cancel(ticket))
        }
    }

    private func makePoller() -> any SocketPoller {
        #if os(Linux)
        if !pollsPortably, let poller = try? EpollPoller() { return poller }
        #endif
        return PortablePoller()
    }

    /// What is under way, as of the loop's last turn.
    package var counts: CurlCounts {
        counters.counts
    }
}
