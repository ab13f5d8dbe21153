import CLibPQ

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// One connection of libpq in pipeline mode, and the only owner of its pointer.
///
/// Nothing here blocks longer than its deadline: libpq only ever reads and writes what the socket has ready, and in
/// between the socket is polled beside the bell of the connection's thread. After `PostgresError.lost` or
/// `.cancelled` the link must be given up: what the server may still answer would be taken for the answer to something
/// else.
struct PostgresLink: ~Copyable {
    private enum Sent {
        case preparation(PostgresStatement)
        case query(PostgresStatement)

        var statement: PostgresStatement {
            switch self {
            case .preparation(let statement), .query(let statement): statement
            }
        }
    }

    private let connection: OpaquePointer
    private let bell: Doorbell
    private var prepared: Set<String> = []

    /// - Throws: `PostgresError.unreachable` with libpq's words, which never hold the password.
    static func open(_ options: PostgresOptions, bell: Doorbell) throws(PostgresError) -> PostgresLink {
        let keywords = options.values.map { strdup($0.keyword) } + [nil]
        let values = options.values.map { strdup($0.value) } + [nil]
        defer { (keywords + values).forEach { free($0) } }
        let pointer = PQconnectStartParams(keywords.map { UnsafePointer($0) }, values.map { UnsafePointer($0) }, 0)
        guard let pointer else { throw .unreachable(reason: "there is no memory left") }
        let link = PostgresLink(pointer, bell: bell)
        try link.connect(until: .now + options.timeout * max(1, options.hostCount))
        guard PQsetnonblocking(pointer, 1) == 0, PQenterPipelineMode(pointer) == 1 else {
            throw .unreachable(reason: link.message)
        }
        return link
    }

    private init(_ connection: OpaquePointer, bell: Doorbell) {
        self.connection = connection
        self.bell = bell
    }

    deinit {
        PQfinish(connection)
    }

    private func connect(until deadline: ContinuousClock.Instant) throws(PostgresError) {
        var polling = PGRES_POLLING_WRITING
        while PQstatus(connection) != CONNECTION_BAD, polling != PGRES_POLLING_OK {
            guard polling != PGRES_POLLING_FAILED else { break }
            let events = polling == PGRES_POLLING_READING ? POLLIN : POLLOUT
            guard wait(for: Int16(events), until: deadline) else {
                throw .unreachable(reason: "the server does not answer within its time")
            }
            polling = PQconnectPoll(connection)
        }
        guard PQstatus(connection) == CONNECTION_OK else { throw .unreachable(reason: message) }
    }

    // MARK: Statements

    /// Sends all queries at once and waits for all answers. Outside of a transaction block they are one transaction.
    ///
    /// - Throws: `PostgresError.report` for the first query that failed; none of those after it was executed.
    mutating func run(
        _ queries: [PostgresQuery],
        until deadline: ContinuousClock.Instant,
        _ cancellation: Cancellation?
    ) throws(PostgresError) -> [PostgresResult] {
        var sent: [Sent] = []
        for query in queries {
            let statement = query.statement
            if !prepared.contains(statement.name), !sent.contains(where: { $0.statement.name == statement.name }) {
                try check(PQsendPrepare(connection, statement.name, statement.sql, 0, nil))
                sent.append(.preparation(statement))
            }
            try send(query)
            sent.append(.query(statement))
        }
        try check(PQpipelineSync(connection))
        try flush(until: deadline, cancellation)
        return try receive(sent, until: deadline, cancellation)
    }

    private func flush(until deadline: ContinuousClock.Instant, _ cancellation: Cancellation?) throws(PostgresError) {
        while true {
            let rest = PQflush(connection)
            if rest == 0 { return }
            guard rest > 0 else { throw lost() }
            try wait(for: Int16(POLLIN | POLLOUT), until: deadline, cancellation)
            try check(PQconsumeInput(connection))
        }
    }

    private func send(_ query: PostgresQuery) throws(PostgresError) {
        let parameters = query.parameters
        let sent = withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: parameters.count) { values in
            withPointers(to: parameters[...], values) {
                PQsendQueryPrepared(
                    connection,
                    query.statement.name,
                    Int32(parameters.count),
                    values.baseAddress,
                    parameters.map { Int32($0.bytes?.count ?? 0) },
                    parameters.map { _ in 1 },
                    1
                )
            }
        }
        try check(sent)
    }

    /// Calls the body while each value's bytes are pinned.
    private func withPointers(
        to parameters: ArraySlice<PostgresParameter>,
        _ values: UnsafeMutableBufferPointer<UnsafePointer<CChar>?>,
        _ body: () -> Int32
    ) -> Int32 {
        guard let parameter = parameters.first else { return body() }
        let index = parameters.startIndex
        guard let bytes = parameter.bytes else {
            values.initializeElement(at: index, to: nil)
            return withPointers(to: parameters.dropFirst(), values, body)
        }
        // One byte more, so that an empty value has an address too: none means NULL.
        return (bytes.isEmpty ? [0] : bytes).withUnsafeBytes { bytes in
            values.initializeElement(at: index, to: bytes.baseAddress?.assumingMemoryBound(to: CChar.self))
            return withPointers(to: parameters.dropFirst(), values, body)
        }
    }

    private mutating func receive(
        _ sent: [Sent],
        until deadline: ContinuousClock.Instant,
        _ cancellation: Cancellation?
    ) throws(PostgresError) -> [PostgresResult] {
        var results: [PostgresResult] = []
        var failure: PostgresError.Report?
        var index = 0
        while true {
            // What stands between the answers to two statements is no result.
            guard let pointer = try nextResult(until: deadline, cancellation, after: failure) else {
                guard PQstatus(connection) == CONNECTION_OK else { throw lost(after: failure) }
                index += 1
                continue
            }
            let status = PQresultStatus(pointer)
            let answered = index < sent.count ? sent[index] : nil
            switch status {
            case PGRES_PIPELINE_SYNC:
                PQclear(pointer)
                if let failure { throw .report(failure) }
                return results
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
                if case .preparation(let statement) = answered {
                    prepared.insert(statement.name)
                    PQclear(pointer)
                } else {
                    results.append(PostgresResult(pointer))
                }
            case PGRES_PIPELINE_ABORTED:
                PQclear(pointer)
            default:
                let report = PostgresError.Report(pointer, statement: answered?.statement.name)
                PQclear(pointer)
                failure = failure ?? report
                guard PQstatus(connection) == CONNECTION_OK else { throw lost(after: failure) }
            }
        }
    }

    private func nextResult(
        until deadline: ContinuousClock.Instant,
        _ cancellation: Cancellation?,
        after failure: PostgresError.Report?
    ) throws(PostgresError) -> OpaquePointer? {
        while PQisBusy(connection) == 1 {
            try wait(for: Int16(POLLIN), until: deadline, cancellation)
            guard PQconsumeInput(connection) == 1 else { throw lost(after: failure) }
        }
        return PQgetResult(connection)
    }

    // MARK: COPY

    /// Sends rows by COPY, which is not possible in pipeline mode: the connection leaves it meanwhile.
    ///
    /// - Throws: as `run`.
    func copy(_ rows: PostgresCopy, until deadline: ContinuousClock.Instant) throws(PostgresError) {
        try check(PQexitPipelineMode(connection))
        try check(PQsendQuery(connection, rows.sql))
        try flush(until: deadline, nil)
        try finish(rows, expecting: PGRES_COPY_IN, until: deadline)
        var rest = rows.bytes[...]
        while !rest.isEmpty {
            let slice = rest.prefix(1 << 16)
            let sent = slice.withUnsafeBytes { bytes in
                PQputCopyData(connection, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
            }
            guard sent >= 0 else { throw lost() }
            // 0: there is no room for it now.
            if sent == 1 { rest = rest.dropFirst(slice.count) }
            try flush(until: deadline, nil)
        }
        while true {
            let status = PQputCopyEnd(connection, nil)
            guard status >= 0 else { throw lost() }
            if status == 1 { break }
            try flush(until: deadline, nil)
        }
        try flush(until: deadline, nil)
        try finish(rows, expecting: PGRES_COMMAND_OK, until: deadline)
        try check(PQenterPipelineMode(connection))
    }

    /// Reads up to where rows may be sent, or to the end of the statement.
    private func finish(
        _ rows: PostgresCopy,
        expecting expected: ExecStatusType,
        until deadline: ContinuousClock.Instant
    ) throws(PostgresError) {
        var failure: PostgresError.Report?
        while let result = try nextResult(until: deadline, nil, after: failure) {
            let status = PQresultStatus(result)
            if status != expected { failure = failure ?? PostgresError.Report(result, statement: rows.name) }
            PQclear(result)
            if status == PGRES_COPY_IN { return }
        }
        guard let failure else { return }
        guard PQstatus(connection) == CONNECTION_OK, PQenterPipelineMode(connection) == 1 else {
            throw lost(after: failure)
        }
        throw .report(failure)
    }

    // MARK: Besides statements

    /// What other sessions have notified, as soon as there is something; nothing when the deadline has come or the bell
    /// has rung: then there is something else to do on this thread.
    func notifications(until deadline: ContinuousClock.Instant) throws(PostgresError) -> [String] {
        try check(PQconsumeInput(connection))
        var payloads = pendingNotifications()
        guard payloads.isEmpty, wait(for: Int16(POLLIN), until: deadline, endsWithBell: true) else { return payloads }
        try check(PQconsumeInput(connection))
        payloads = pendingNotifications()
        return payloads
    }

    private func pendingNotifications() -> [String] {
        var payloads: [String] = []
        while let notification = PQnotifies(connection) {
            payloads.append(String(cString: notification.pointee.extra))
            PQfreemem(notification)
        }
        return payloads
    }

    /// Whether the server has ended the connection while nobody looked. Asks only the socket.
    var isClosedByServer: Bool {
        guard PQconsumeInput(connection) == 1, PQstatus(connection) == CONNECTION_OK else { return true }
        return false
    }

    /// What is needed to ask the server to give up the statement under way; to be called on a thread that may block.
    func makeCanceller() -> PostgresCanceller? { PQgetCancel(connection).map { PostgresCanceller($0) } }

    // MARK: Waiting

    private func wait(
        for events: Int16,
        until deadline: ContinuousClock.Instant,
        _ cancellation: Cancellation?
    ) throws(PostgresError) {
        while true {
            let limit = cancellation?.deadline.map { min($0, deadline) } ?? deadline
            if poll(events, until: limit) { return }
            if let end = cancellation?.deadline, end <= .now { throw .cancelled }
            if deadline <= .now { throw .lost(reason: "the server does not answer within its time") }
        }
    }

    /// - Returns: false at the deadline, or, if that is asked for, when the bell has rung.
    private func wait(for events: Int16, until deadline: ContinuousClock.Instant, endsWithBell: Bool = false) -> Bool {
        repeat {
            if poll(events, until: deadline) { return true }
        } while !endsWithBell && .now < deadline
        return false
    }

    /// Waits for the socket, the bell or the deadline. True when it was the socket.
    private func poll(_ events: Int16, until deadline: ContinuousClock.Instant) -> Bool {
        let rest = (deadline - .now).components
        let milliseconds = max(0, rest.seconds * 1000 + rest.attoseconds / 1_000_000_000_000_000 + 1)
        return withUnsafeTemporaryAllocation(of: pollfd.self, capacity: 2) { descriptors in
            descriptors[0] = pollfd(fd: PQsocket(connection), events: events, revents: 0)
            descriptors[1] = pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0)
            #if canImport(Darwin)
            let ready = Darwin.poll(descriptors.baseAddress, 2, Int32(clamping: milliseconds))
            #elseif canImport(Musl)
            let ready = Musl.poll(descriptors.baseAddress, 2, Int32(clamping: milliseconds))
            #else
            let ready = Glibc.poll(descriptors.baseAddress, 2, Int32(clamping: milliseconds))
            #endif
            guard ready > 0 else { return false }
            if descriptors[1].revents != 0 { bell.clear() }
            return descriptors[0].revents != 0
        }
    }

    // MARK: Errors

    private func check(_ status: Int32) throws(PostgresError) {
        guard status == 1 else { throw lost() }
    }

    private func lost(after report: PostgresError.Report? = nil) -> PostgresError {
        .lost(reason: report?.message ?? message)
    }

    private var message: String {
        let text = String(cString: PQerrorMessage(connection)).split(whereSeparator: \.isNewline).joined(separator: " ")
        return text.isEmpty ? "the server has ended it" : text
    }
}

extension PostgresError.Report {
    fileprivate init(_ result: OpaquePointer, statement: String?) {
        func field(_ code: Character) -> String? {
            PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
        }
        self.init(
            state: field("C") ?? "",
            message: field("M") ?? String(cString: PQresultErrorMessage(result)),
            detail: field("D"),
            constraint: field("n"),
            statement: statement
        )
    }
}
