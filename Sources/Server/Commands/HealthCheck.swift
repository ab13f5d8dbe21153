import Foundation
import NIOCore
import NIOPosix

/// One question to a server: does it serve?
struct HealthCheck: Sendable {
    /// Why the answer is no.
    enum Failure: Error, Equatable, CustomStringConvertible {
        case unreachable(url: String, reason: String)
        case silent(url: String)
        /// Something answers, but not as a server that serves.
        case unexpected(url: String, answer: String)

        var description: String {
            switch self {
            case .unreachable(let url, let reason): "\(url) cannot be reached: \(reason)"
            case .silent(let url): "\(url) does not answer in time"
            case .unexpected(let url, let answer):
                "\(url) does not answer as a server in good health: its answer begins with \"\(answer)\""
            }
        }
    }

    /// Longer ones are not read to their end.
    private static let longestAnswer = 4096

    let host: String
    let port: Int
    /// For all of it: to connect, to ask and to be answered.
    let limit: Duration

    /// - Parameter host: As in `HOST`. Of a server that listens on all addresses, loopback is asked.
    init(host: String, port: Int, limit: Duration = .seconds(5)) {
        self.host =
            switch host {
            case "0.0.0.0": "127.0.0.1"
            case "::": "::1"
            default: host
            }
        self.port = port
        self.limit = limit
    }

    var url: String { "http://\(authority)/api/health" }

    private var authority: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    /// Returns when the server has said that it serves.
    func run() async throws(Failure) {
        let start = ContinuousClock.now
        let answer: String
        do {
            answer = try await ask()
        } catch {
            // What time that is up breaks off fails in many ways.
            if start.duration(to: .now) >= limit { throw .silent(url: url) }
            throw .unreachable(url: url, reason: Self.reason(error))
        }
        guard !answer.isEmpty else { throw .silent(url: url) }
        guard answer.hasPrefix("HTTP/1.1 200 "), answer.hasSuffix(#"{"status":"ok"}"#) else {
            throw .unexpected(url: url, answer: String(answer.prefix { !$0.isNewline }.prefix(80)))
        }
    }

    /// All that came until the connection was closed, by the server or because time was up.
    private func ask() async throws -> String {
        let limit = TimeAmount(limit)
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(limit)
            .connect(host: host, port: port) { channel in
                channel.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
                return channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let request = "GET /api/health HTTP/1.1\r\nHost: \(authority)\r\nConnection: close\r\n\r\n"
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            var answer = ByteBuffer()
            for try await part in inbound {
                answer.writeImmutableBuffer(part)
                if answer.readableBytes > Self.longestAnswer { break }
            }
            return String(buffer: answer)
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError:
            return String(cString: strerror(error.errnoCode))
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first { return reason(first.error) }
            return "\(error)"
        default:
            return "\(error)"
        }
    }
}
