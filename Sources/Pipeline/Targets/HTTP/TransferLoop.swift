internal import CLibCurl

/// The event loop of a `CurlTransport`. All of it runs on one thread.
final class TransferLoop {
    private typealias Instant = ContinuousClock.Instant

    /// Handles kept for later; with their buffers each takes some 30 kB.
    private static let idleTransfers = 256
    private static let knownDestinations = 4_096
    /// Every so many transfers one walks through libcurl's cache of names.
    private static let transfersPerPruning = 4_096

    private let configuration: CurlConfiguration
    private let inbox: Inbox
    private let resolver: Resolver
    private let proxy: Proxy?
    private let counters: LoopCounters
    private let poller: any SocketPoller
    private let multi: CurlMulti
    private var names: NameCache<ObjectIdentifier>
    private var destinations: [String: Destination] = [:]
    private var waiting: [ObjectIdentifier: Transfer.Job] = [:]
    /// The earliest time that a job in `waiting` has to end.
    private var waitingDeadline: Instant?
    private var running: [ObjectIdentifier: Transfer] = [:]
    private var idle: [Transfer] = []
    private var finished: [(UnsafeContinuation<HTTPExchange, Never>, HTTPExchange)] = []
    private var isStopping = false
    private var begun = 0

    init(
        configuration: CurlConfiguration,
        inbox: Inbox,
        resolver: Resolver,
        nameLimits: NameLimits,
        proxy: Proxy?,
        counters: LoopCounters,
        poller: any SocketPoller
    ) {
        self.configuration = configuration
        self.inbox = inbox
        self.resolver = resolver
        names = NameCache(limits: nameLimits)
        self.proxy = proxy
        self.counters = counters
        self.poller = poller
        let connections = configuration.maximumExchanges + configuration.maximumIdleConnections
        multi = CurlMulti(poller: poller, maximumConnections: connections)
        poller.opened(inbox.bell.descriptor)
        poller.watch(inbox.bell.descriptor, for: .reading)
    }

    /// Returns after a `stop`, when all that was under way has been aborted.
    func run() {
        var messages: [Inbox.Message] = []
        while !isStopping {
            inbox.take(into: &messages)
            for message in messages { handle(message) }
            messages.removeAll(keepingCapacity: true)
            expireWaiting()
            startLookUps()
            if let deadline = multi.deadline, deadline <= .now { multi.fireTimer() }
            takeCompletions()
            resumeFinished()
            waitForSockets()
        }
        stop()
    }

    // MARK: - What comes in

    private func handle(_ message: Inbox.Message) {
        switch message {
        case .start(let submission): start(submission)
        case .cancel(let ticket): cancel(ticket)
        case .resolved(let name, let result): resolved(name, result)
        case .stop: isStopping = true
        }
    }

    private func start(_ submission: Submission) {
        let now = Instant.now
        if submission.ticket.isCancelled { return finish(submission, .aborted) }
        do {
            let destination = try destination(submission.request.url)
            if let address = destination.refusedAddress {
                return finish(submission, .addressNotAllowed(address.description))
            }
            let job = Transfer.Job(submission: submission, destination: destination, startedAt: now)
            guard let name = destination.name else { return begin(job, addresses: [], now: now) }
            let id = ObjectIdentifier(submission.ticket)
            switch names.ask(for: name, waiter: id, now: now) {
            case .addresses(let addresses): begin(job, addresses: addresses, now: now)
            case .failure(let reason): finish(submission, .couldNotResolve(name: name, reason: reason))
            case .wait:
                waiting[id] = job
                let deadline = job.lookUpDeadline(configuration)
                waitingDeadline = min(waitingDeadline ?? deadline, deadline)
            }
        } catch {
            finish(submission, .invalidRequest("the URL \(error)"))
        }
    }

    private func cancel(_ ticket: Ticket) {
        let id = ObjectIdentifier(ticket)
        if let job = waiting.removeValue(forKey: id) {
            if let name = job.destination.name { names.forget(id, name: name) }
            finish(job.submission, .aborted, since: job.startedAt)
        } else if let transfer = running.removeValue(forKey: id) {
            abort(transfer)
        }
    }

    private func abort(_ transfer: Transfer) {
        multi.remove(transfer.easy)
        if let job = transfer.job { finish(job.submission, .aborted, since: job.startedAt) }
        retire(transfer)
    }

    private func resolved(_ name: String, _ result: LookUpResult) {
        let now = Instant.now
        let (waiters, answer) = names.answered(name, result, now: now)
        for waiter in waiters {
            guard let job = waiting.removeValue(forKey: waiter) else { continue }
            switch answer {
            case .addresses(let addresses): begin(job, addresses: addresses, now: now)
            case .failure(let reason):
                finish(job.submission, .couldNotResolve(name: name, reason: reason), since: job.startedAt)
            case .wait: break
            }
        }
    }

    // MARK: - Names

    private func destination(_ url: String) throws(TargetURLError) -> Destination {
        if let known = destinations[url] { return known }
        let destination = try Destination(url, policy: configuration.addressPolicy, proxy: proxy)
        if destinations.count >= Self.knownDestinations { destinations.removeAll(keepingCapacity: true) }
        destinations[url] = destination
        return destination
    }

    private func startLookUps() {
        for name in names.startable(now: .now) {
            resolver.start(name) { [inbox] in inbox.send(.resolved(name: name, $0)) }
        }
    }

    private func expireWaiting() {
        let now = Instant.now
        guard let deadline = waitingDeadline, deadline <= now else { return }
        waitingDeadline = nil
        for (id, job) in waiting {
            let deadline = job.lookUpDeadline(configuration)
            if deadline <= now, let name = job.destination.name {
                waiting[id] = nil
                names.forget(id, name: name)
                let limit = deadline - job.startedAt
                finish(job.submission, .timedOut(after: limit, phase: .resolving(name: name)), since: job.startedAt)
            } else {
                waitingDeadline = min(waitingDeadline ?? deadline, deadline)
            }
        }
    }

    // MARK: - Transfers

    private func begin(_ job: Transfer.Job, addresses: [IPAddress], now: Instant) {
        let transfer = idle.popLast() ?? Transfer(configuration: configuration, poller: poller, counters: counters)
        begun += 1
        let prunes = begun % Self.transfersPerPruning == 0
        do {
            try transfer.begin(job, addresses: addresses, prunes: prunes, now: now)
            running[ObjectIdentifier(job.submission.ticket)] = transfer
            multi.add(transfer.easy)
        } catch {
            finish(job.submission, error, since: job.startedAt)
            retire(transfer)
        }
    }

    private func takeCompletions() {
        while let (context, code) = multi.nextCompletion() {
            let transfer = Transfer.from(context)
            multi.remove(transfer.easy)
            if transfer.repeats(after: code, now: .now) || transfer.inspects(after: code, now: .now) {
                multi.add(transfer.easy)
                continue
            }
            guard let submission = transfer.job?.submission else { continue }
            running[ObjectIdentifier(submission.ticket)] = nil
            finished.append((submission.continuation, transfer.end(code, now: .now)))
            retire(transfer)
        }
    }

    private func retire(_ transfer: Transfer) {
        transfer.release()
        if idle.count < Self.idleTransfers { idle.append(transfer) }
    }

    private func finish(_ submission: Submission, _ failure: TransportFailure, since start: Instant? = nil) {
        let duration = start.map { .now - $0 } ?? Duration.zero
        finished.append((submission.continuation, HTTPExchange(failure: failure, duration: duration)))
    }

    private func resumeFinished() {
        counters.update(transfers: running.count, lookUps: names.running)
        for (continuation, exchange) in finished { continuation.resume(returning: exchange) }
        finished.removeAll(keepingCapacity: true)
    }

    // MARK: - Waiting

    private func waitForSockets() {
        guard !isStopping else { return }
        var milliseconds: Int32 = -1
        if let deadline = [multi.deadline, waitingDeadline].compactMap(\.self).min() {
            milliseconds = Int32(clamping: max(0, (deadline - .now).wholeMilliseconds))
        }
        if milliseconds != 0, !inbox.prepareToSleep() { milliseconds = 0 }
        poller.wait(milliseconds: milliseconds) { descriptor, readiness in
            if descriptor == inbox.bell.descriptor {
                inbox.bell.clear()
            } else {
                multi.socket(descriptor, isReadyFor: readiness)
            }
        }
        takeCompletions()
        resumeFinished()
    }

    private func stop() {
        for message in inbox.close() {
            if case .start(let submission) = message { finish(submission, .aborted) }
        }
        for job in waiting.values { finish(job.submission, .aborted, since: job.startedAt) }
        waiting = [:]
        for transfer in running.values { abort(transfer) }
        running = [:]
        idle = []
        resumeFinished()
    }
}
