#if canImport(Glibc)
import Glibc

/// One keep-alive connection of a sink: a buffer for heads, and how much of a body is still to come.
final class SinkConnection {
    /// A head that is larger than this is refused.
    private static let capacity = 16_384
    /// Bytes of a body that are looked at: `{"start":"` and 20 digits.
    private static let inspected = Payload.prefix.count + Payload.digits

    let socket: Int32
    private let answers: Bool
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: SinkConnection.capacity, alignment: 16)
    private var filled = 0
    /// The request whose body is arriving.
    private var current: (id: UInt64, start: UInt64, length: Int, left: Int)?

    init(socket: Int32, answers: Bool) {
        self.socket = socket
        self.answers = answers
    }

    deinit {
        buffer.deallocate()
        close(socket)
    }

    /// Takes what the socket has, records each complete request, and answers it.
    /// - Returns: false when the connection has ended, or must be.
    func receive(into ledger: inout ArrivalLedger) -> Bool {
        while true {
            let room = Self.capacity - filled
            guard room > 0 else { return false }
            let count = recv(socket, buffer.baseAddress! + filled, room, Int32(MSG_DONTWAIT))
            if count < 0 { return errno == EAGAIN || errno == EINTR }
            if count == 0 { return false }
            filled += count
            guard let complete = consume(&ledger), answer(complete) else { return false }
            if count < room { return true }
        }
    }

    /// - Returns: how many requests are complete now; nil when the peer does not speak HTTP as we do.
    private func consume(_ ledger: inout ArrivalLedger) -> Int? {
        var at = 0
        var complete = 0
        defer {
            if at > 0 {
                filled -= at
                memmove(buffer.baseAddress!, buffer.baseAddress! + at, filled)
            }
        }
        while true {
            if var request = current {
                let taken = min(request.left, filled - at)
                request.left -= taken
                at += taken
                if request.left > 0 {
                    current = request
                    return complete
                }
                current = nil
                ledger.record(id: request.id, start: request.start, bytes: request.length, at: MonotonicClock.now())
                complete += 1
            }
            let rest = UnsafeRawBufferPointer(rebasing: buffer[at..<filled])
            switch RequestScanner.scan(rest) {
            case .malformed:
                return nil
            case .incomplete:
                return complete
            case .head(let head):
                let body = rest[head.length...]
                guard body.count >= min(head.contentLength, Self.inspected) else { return complete }
                let start = Payload.start(of: UnsafeRawBufferPointer(rebasing: body.prefix(head.contentLength)))
                at += head.length
                current = (head.messageID, start ?? 0, head.contentLength, head.contentLength)
            }
        }
    }

    private func answer(_ count: Int) -> Bool {
        guard answers else { return true }
        for _ in 0..<count where !send(Self.response) { return false }
        return true
    }

    private func send(_ bytes: StaticString) -> Bool {
        var sent = 0
        while sent < bytes.utf8CodeUnitCount {
            let rest = bytes.utf8CodeUnitCount - sent
            let count = Glibc.send(socket, bytes.utf8Start + sent, rest, Int32(MSG_NOSIGNAL))
            if count >= 0 {
                sent += count
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    private static let response: StaticString = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
}
#endif
