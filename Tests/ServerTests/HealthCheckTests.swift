import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import TestSupport
import Testing

@testable import Server

@Suite("A health check", .timeLimit(.minutes(2)))
struct HealthCheckTests {
    private struct Answering: HTTPResponder {
        typealias Context = BasicRequestContext

        let status: HTTPResponse.Status
        let body: String

        func respond(to request: Request, context: Context) async throws -> Response {
            Response(status: status, body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
        }
    }

    @Test("asks loopback where the server listens on all addresses")
    func wildcards() {
        #expect(HealthCheck(host: "0.0.0.0", port: 1).url == "http://127.0.0.1:1/api/health")
        #expect(HealthCheck(host: "::", port: 1).url == "http://[::1]:1/api/health")
        #expect(HealthCheck(host: "127.0.0.9", port: 1).url == "http://127.0.0.9:1/api/health")
    }

    @Test(
        "fails where something else answers, and shows how",
        arguments: [
            (503, #"{"status":"ok"}"#, 1, "HTTP/1.1 503 Service Unavailable"),
            (200, "Welcome!", 1, "HTTP/1.1 200 OK"),
            (200, "endless ", 100_000, "HTTP/1.1 200 OK"),
        ]
    )
    func other(status: Int, text: String, times: Int, shown: String) async throws {
        let responder = Answering(
            status: HTTPResponse.Status(code: status),
            body: String(repeating: text, count: times)
        )
        try await TestServer.run(WebServer.Settings(port: 0)) { client async throws in
            let check = HealthCheck(host: "127.0.0.1", port: client.port, limit: .seconds(60))
            let failure = await #expect(throws: HealthCheck.Failure.self) { try await check.run() }
            #expect(failure == .unexpected(url: check.url, answer: shown))
        } application: {
            $0.application(responder: responder)
        }
    }

    @Test("fails when no answer comes in time")
    func silence() async throws {
        let (descriptor, port) = try FreePort.listen()
        defer { close(descriptor) }
        let check = HealthCheck(host: "127.0.0.1", port: port, limit: .milliseconds(50))
        let failure = await #expect(throws: HealthCheck.Failure.self) { try await check.run() }
        #expect(failure == .silent(url: check.url))
    }
}
