@testable import Bench
import Foundation
import Programs
import TestSupport
import Testing

@Suite("postoffice listen", .timeLimit(.minutes(1)))
struct ListenTests {
    @Test("prints what is delivered to it, and answers with the chosen status")
    func status() async throws {
        let listener = try await Listener(["--status", "503"])
        let server = try ServerProcess()
        try await server.start()
        let api = API(server)
        try await api.createTopic("shown")
        try await api.createPublisher("shown", target: listener.url + "/hook")
        let message = try await api.accept("shown", #"{"total":10.50}"#)

        var shown: [String] = []
        for await line in listener.process.output {
            shown.append(line.trimmingCharacters(in: .whitespaces))
            if shown.last == #"{"total":10.50}"# { break }
        }
        #expect(shown.first?.hasSuffix("POST /hook -> 503") == true, "\(shown)")
        #expect(shown.contains { $0.lowercased() == "message-id: \(message)" }, "\(shown)")
        try await eventually { try await api.delivery(message)["state"] as? String == "parked" }
        #expect(try await api.attempts(message)[0]["status"] as? Int == 503)
        #expect(await listener.stop() == 0)
    }

    @Test("waits as long as it was told to before it answers")
    func delay() async throws {
        let listener = try await Listener(["--delay", "300", "--quiet"])
        let begin = ContinuousClock.now
        let answer = try await HTTPClient().send("POST", listener.url, Array("1".utf8))
        #expect(answer.status == 200)
        #expect(begin.duration(to: .now) >= .milliseconds(300))
        #expect(await listener.stop() == 0)
    }

    /// The built `postoffice listen`, on a free port.
    private struct Listener {
        let process: ChildProcess
        let url: String

        init(_ arguments: [String]) async throws {
            process = try ChildProcess(BuiltProduct.postoffice, ["listen", "--port", "0"] + arguments)
            var url: String?
            for await line in process.output {
                url = line.split(separator: " ").last.map(String.init)
                break
            }
            self.url = try #require(url)
        }

        func stop() async -> Int32 {
            process.send(SIGTERM)
            return await process.ended()
        }
    }
}
