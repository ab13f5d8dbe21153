import Foundation
import HTTPTypes
import Synchronization
import Testing

@testable import Server

@Suite("The receiver for trying things out")
struct ReceiverTests {
    private final class Shown: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    @Test("answers with the chosen status and shows what came")
    func shows() async throws {
        let shown = Shown()
        let receiver = Receiver(status: HTTPResponse.Status(code: 503), delay: .milliseconds(1)) { shown.add($0) }
        let reply = try await TestServer.run(
            WebServer.Settings(port: 0),
            { try await $0.send("POST", "/x?y=1", #"{"a":1}"#, headers: ["Message-Id: 7", "Origin: http://other"]) },
            application: { $0.application(responder: receiver) }
        )
        #expect(reply.status == 503)
        #expect(reply.body == "")
        #expect(shown.all.count == 1)
        #expect(shown.all.first?.contains("POST /x?y=1 -> 503") == true)
        #expect(shown.all.first?.contains("message-id: 7") == true)
        #expect(shown.all.first?.contains(#"{"a":1}"#) == true)
    }

    @Test("reads the body even when it shows nothing")
    func quiet() async throws {
        let receiver = Receiver(status: .ok, delay: .zero, print: nil)
        let text = try await TestServer.run(
            WebServer.Settings(port: 0),
            { client in
                let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                let last = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"
                return String(decoding: try await client.exchange(Array((post + last).utf8)), as: UTF8.self)
            },
            application: { $0.application(responder: receiver) }
        )
        #expect(text.components(separatedBy: "HTTP/1.1 200 OK").count == 3)
    }
}
