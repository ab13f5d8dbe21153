#if canImport(Glibc)
import CLibCurl
import Foundation
import Glibc
import Pipeline

/// A receiver that does as little as possible: one thread, one epoll, answers every request with 200 and counts it. Or a black
/// hole, which accepts and counts, and never answers.
///
/// It obeys `SinkRequest` lines on standard input and ends when that ends.
final class SinkServer {
    private let epoll: Int32
    private let listener: Int32
    private let answers: Bool
    /// By file descriptor.
    private var connections: [SinkConnection?] = []
    private var ledger = ArrivalLedger()
    private var processorTimeAtReset = MonotonicClock.processorTime()
    private var input: [UInt8] = []

    /// - Parameter port: 0 takes any free one.
    init(port: Int, answers: Bool) throws {
        self.answers = answers
        FileLimit.raise()
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        listener = try LoopbackSocket.listening(on: port)
        guard epoll >= 0 else { throw BenchError.system("wait for events", errno) }
        // Whoever connects may be gone when it is accepted: that must not block.
        _ = fcntl(listener, F_SETFL, O_NONBLOCK)
        watch(listener)
        watch(STDIN_FILENO)
    }

    /// Serves until standard input ends.
    func run() throws {
        try reply(.listening(port: LoopbackSocket.port(of: listener)))
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
            connections[Int(accepted)] = SinkConnection(socket: accepted, answers: answers)
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
            doubled: expected.isEmpty ? IDSample() : ledger.doubled(),
            processorTime: MonotonicClock.processorTime() - processorTimeAtReset,
            latency: ledger.latency,
            connections: connections.count { $0 != nil }
        )
    }

    private func reply(_ reply: SinkReply) throws {
        try FileHandle.standardOutput.write(contentsOf: JSONEncoder().encode(reply) + [0x0A])
    }
}
#endif
