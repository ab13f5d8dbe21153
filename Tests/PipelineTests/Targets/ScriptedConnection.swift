#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The server's end of one connection, for use by its script.
final class ScriptedConnection {
    struct Request: Sendable {
        var head: String
        var body: [UInt8]

        /// The values of a header, in order.
        func values(_ name: String) -> [String] {
            head.split(separator: "\r\n").compactMap { line in
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, parts[0].lowercased() == name else { return nil }
                return String(parts[1].drop { $0 == " " })
            }
        }
    }

    struct Closed: Error {}

    let number: Int
    private let descriptor: Int32
    private let report: AsyncStream<ScriptedServer.Event>.Continuation
    private var unread: [UInt8] = []
    private var isClosed = false

    init(descriptor: Int32, number: Int, report: AsyncStream<ScriptedServer.Event>.Continuation) {
        self.descriptor = descriptor
        self.number = number
        self.report = report
    }

    /// Reads a request with its whole body.
    @discardableResult
    func readRequest() throws -> Request {
        var end = headEnd()
        while end == nil {
            try readMore()
            end = headEnd()
        }
        let head = String(decoding: unread[..<end!], as: UTF8.self)
        unread.removeFirst(end!)
        var request = Request(head: head, body: [])
        let length = request.values("content-length").first.flatMap { Int($0) } ?? 0
        while unread.count < length { try readMore() }
        request.body = Array(unread[..<length])
        unread.removeFirst(length)
        report.yield(.received(number))
        return request
    }

    func write(_ text: String) throws {
        try write(Array(text.utf8))
    }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Self.noSignal) }
            guard count > 0 else {
                report.yield(.closedByPeer(number))
                throw Closed()
            }
            rest = rest.dropFirst(count)
        }
    }

    /// Answers a request completely and keeps the connection open.
    func answer(_ status: Int = 200, headers: String = "", body: String = "") throws {
        try write("HTTP/1.1 \(status) Whatever\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
    }

    /// Waits until the other side closes the connection, and reports it.
    func awaitClose() {
        do {
            while true { try readMore() }
        } catch {
            report.yield(.closedByPeer(number))
        }
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        closeDescriptor(descriptor)
    }

    /// Closes the connection with a reset.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        close()
    }

    /// Reads nothing until the server is stopped.
    func untilServerStops() throws {
        var poll = pollfd(fd: descriptor, events: 0, revents: 0)
        while poll.revents & Int16(POLLHUP | POLLERR) == 0 {
            Self.wait(&poll)
        }
        throw Closed()
    }

    /// Part of a script: a target that takes its time.
    func pause(milliseconds: UInt32) {
        // Exception: the slowness is what is tested; nothing waits for it.
        usleep(milliseconds * 1_000)
    }

    private static func wait(_ descriptor: inout pollfd) {
        _ = poll(&descriptor, 1, -1)
    }

    private func readMore() throws {
        let count = withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 16) { buffer in
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            unread.append(contentsOf: buffer[..<max(0, count)])
            return count
        }
        guard count > 0 else { throw Closed() }
    }

    private func headEnd() -> Int? {
        guard unread.count >= 4 else { return nil }
        for index in 3..<unread.count where unread[index - 3...index].elementsEqual("\r\n\r\n".utf8) {
            return index + 1
        }
        return nil
    }

    private static var noSignal: Int32 {
        #if canImport(Glibc)
        Int32(MSG_NOSIGNAL)
        #else
        0
        #endif
    }
}
