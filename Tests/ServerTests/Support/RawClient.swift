import Foundation

/// A client that sends exactly the bytes that it is told to. Blocking calls run on threads of their own, away from those
/// that the server needs.
struct RawClient: Sendable {
    enum Failure: Error {
        case connection(Int32)
        case unreadable(String)
    }

    let port: Int

    /// Sends a well-formed request on a connection of its own.
    func send(
        _ method: String,
        _ path: String,
        _ body: String? = nil,
        headers: [String] = [],
        type: String? = "application/json"
    ) async throws -> Reply {
        var head = ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Connection: close"]
        if let body {
            head.append("Content-Length: \(body.utf8.count)")
            if let type { head.append("Content-Type: \(type)") }
        }
        return try await send((head + headers).joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
    }

    /// Sends the text as it is and reads until the server closes the connection.
    func send(_ text: String) async throws -> Reply {
        let bytes = try await exchange(Array(text.utf8))
        guard let reply = Reply(bytes) else { throw Failure.unreadable(String(decoding: bytes, as: UTF8.self)) }
        return reply
    }

    /// Sends the bytes and reads until the server closes the connection, or, with `until`, until that has come.
    func exchange(_ bytes: [UInt8], until end: String? = nil, thenClose: Bool = false) async throws -> [UInt8] {
        let port = port
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        try Self.blockingExchange(port, bytes, until: end.map { Array($0.utf8) }, thenClose)
                    }
                )
            }
        }
    }

    private static func blockingExchange(
        _ port: Int,
        _ bytes: [UInt8],
        until end: [UInt8]?,
        _ thenClose: Bool
    ) throws -> [UInt8] {
        let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { throw Failure.connection(errno) }
        defer { close(socket) }
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure.connection(errno) }
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            // The server may answer and close before it has read everything.
            if count <= 0 { break }
            sent += count
        }
        if thenClose { shutdown(socket, Int32(SHUT_WR)) }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count <= 0 { return received }
            received += buffer[..<count]
            if let end, received.count >= end.count, received.suffix(end.count).elementsEqual(end) { return received }
        }
    }
}
