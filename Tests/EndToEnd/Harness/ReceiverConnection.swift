@testable import Bench
import Foundation

/// One connection of a receiver, served on the calling thread until either side ends it.
final class ReceiverConnection {
    private let socket: Int32
    private var buffer: [UInt8] = []

    init(_ socket: Int32) {
        self.socket = socket
        var yes: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    /// - Parameters:
    ///   - receive: called with each request, as soon as it is complete.
    ///   - answered: called before the answer is sent, or when there is none; says whether it is one of success that
    ///     somebody still waits for.
    func serve(_ receive: (Arrival) -> Answer, _ answered: (Arrival, Bool) -> Void) {
        while let request = next() {
            let answer = receive(request)
            // Exception: the slowness is what is tested; nothing waits for it.
            if case .status(_, _, let delay) = answer, delay > .zero { usleep(UInt32(delay / .microseconds(1))) }
            answered(request, answer.isSuccess && !isClosed)
            switch answer {
            case .close:
                return
            case .never:
                // Ends when the other side gives up, or when the port is closed.
                while read() {}
                return
            case .raw(let text, let resets):
                _ = send(text)
                if resets { reset() }
                return
            case .drip(let text, let pause):
                for character in text {
                    guard send(String(character)) else { return }
                    // Exception: the slowness is what is tested; nothing waits for it.
                    usleep(UInt32(pause / .microseconds(1)))
                }
                return
            case .endless(let status):
                let chunk = String(repeating: "x", count: 10_000)
                guard send("HTTP/1.1 \(status) As scripted\r\n\r\n") else { return }
                while send(chunk) {}
                return
            case .status(let status, let headers, _):
                var text = "HTTP/1.1 \(status) As scripted\r\ncontent-length: 0\r\n"
                for (name, value) in headers { text += "\(name): \(value)\r\n" }
                guard send(text + "\r\n") else { return }
            }
        }
    }

    /// Whether the other side has gone.
    private var isClosed: Bool {
        var byte: UInt8 = 0
        let count = recv(socket, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)
    }

    /// Whoever closes the socket now sends a reset.
    private func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    }

    private func next() -> Arrival? {
        while true {
            switch buffer.withUnsafeBytes({ RequestScanner.scan($0) }) {
            case .malformed:
                return nil
            case .incomplete:
                guard read() else { return nil }
            case .head(let head):
                while buffer.count < head.length + head.contentLength {
                    guard read() else { return nil }
                }
                let text = String(decoding: buffer[..<head.length], as: UTF8.self)
                let body = Array(buffer[head.length..<head.length + head.contentLength])
                buffer.removeFirst(head.length + head.contentLength)
                return Arrival(head: text, body: body)
            }
        }
    }

    private func read() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(socket, &chunk, chunk.count, 0)
        guard count > 0 else { return count < 0 && errno == EINTR }
        buffer.append(contentsOf: chunk[..<count])
        return true
    }

    private func send(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { write(socket, $0.baseAddress, $0.count) }
            if count < 0 && errno != EINTR { return false }
            sent += max(0, count)
        }
        return true
    }
}

extension Arrival {
    /// - Parameter head: request line and headers as they came.
    fileprivate init(head: String, body: [UInt8]) {
        let lines = head.components(separatedBy: "\r\n")
        let requestLine = lines[0].split(separator: " ")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            headers[line[..<colon].lowercased()] = value
        }
        self.init(
            order: 0,
            method: requestLine.first.map(String.init) ?? "",
            path: requestLine.count > 1 ? String(requestLine[1]) : "",
            headers: headers,
            body: body
        )
    }
}
