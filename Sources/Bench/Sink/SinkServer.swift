#if canImport(Glibc)
import CEpoll
import Foundation
import Glibc

/// A receiver that does as little as possible: one thread, one epoll, answers every request with 200 and counts it.
///
/// It obeys `SinkRequest` lines on standard input and ends when that ends.
final class SinkServer {
    private let epoll: Int32
    private let listener: Int32
    /// By file descriptor.
    private var connections: [SinkConnection?] = []
    private var ledger = ArrivalLedger()
    private var processorTimeAtReset = MonotonicClock.processorTime()
    private var input: [UInt8] = []

    /// - Parameter port: 0 takes any free one.
    init(port: Int) throws {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard epoll >= 0, listener >= 0 else { throw BenchError.system("open a socket", errno) }
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) }
        }
        guard bound == 0, listen(listener, 1024) == 0 else { throw BenchError.system("listen on port \(port)", errno) }
        watch(listener)
        watch(STDIN_FILENO)
    }

    /// Serves until standard input ends.
    func run() throws {
        try reply(.listening(port: port()))
        let events = UnsafeMutableBufferPointer<epoll_event>.allocate(capacity: 256)
        defer { events.deallocate() }
        while true {
            let count = epoll_wait(epoll, events.baseAddress, Int32(events.count), -1)
            if count < 0 && errno != EINTR { throw BenchError.system("wait for events", errno) }
            for index in 0..<max(0, Int(count)) {
                let descriptor = events[index].data.fd
                if descriptor == listener {
                    acceptAll()
                } else if descriptor == STDIN_FILENO {
                    guard try obey() else { return }
                } else if let connection = connections[Int(descriptor)], !connection.receive(into: &ledger) {
                    connections[Int(descriptor)] = nil
                }
            }
        }
    }

    private func watch(_ descriptor: Int32) {
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(fd: descriptor))
        epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)
    }

    private func acceptAll() {
        while true {
            let accepted = accept(listener, nil, nil)
            guard accepted >= 0 else { return }
            var yes: Int32 = 1
            setsockopt(accepted, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
            while connections.count <= Int(accepted) { connections.append(nil) }
            connections[Int(accepted)] = SinkConnection(socket: accepted)
            watch(accepted)
        }
    }

    /// - Returns: false when there is nobody any more to obey.
    private func obey() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = read(STDIN_FILENO, &chunk, chunk.count)
        guard count > 0 else { return count < 0 && errno == EINTR }
        input.append(contentsOf: chunk[..<count])
        while let end = input.firstIndex(of: 0x0A) {
            let line = Data(input[..<end])
            input.removeSubrange(...end)
            try handle(JSONDecoder().decode(SinkRequest.self, from: line))
        }
        return true
    }

    private func handle(_ request: SinkRequest) throws {
        switch request {
        case .reset:
            ledger = ArrivalLedger()
            processorTimeAtReset = MonotonicClock.processorTime()
            try reply(.empty)
        case .report(let expected):
            try reply(.report(report(expected: expected)))
        }
    }

    private func report(expected: [ClosedRange<Int>]) -> SinkReport {
        SinkReport(
            requests: ledger.requests,
            distinct: ledger.distinct,
            bytes: ledger.bytes,
            firstArrival: ledger.firstArrival,
            lastArrival: ledger.lastArrival,
            missing: ledger.missing(of: expected),
            doubled: ledger.doubled(),
            processorTime: MonotonicClock.processorTime() - processorTimeAtReset,
            latency: ledger.latency
        )
    }

    private func reply(_ reply: SinkReply) throws {
        try FileHandle.standardOutput.write(contentsOf: JSONEncoder().encode(reply) + [0x0A])
    }

    private func port() -> Int {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &length) }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
#endif
