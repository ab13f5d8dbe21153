import Foundation
import TestSupport
import Testing

@Suite("Secrets", .timeLimit(.minutes(3)))
struct SecretsTests {
    private static let key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    private static let password = "Bearer hunter2hunter2"

    @Test(
        "sign requests so that the reference library believes them, each of two while one replaces the other",
        .enabled(if: ReferenceVerifier.isInstalled, "needs standardwebhooks: Scripts/set-up test installs it")
    )
    func reference() async throws {
        let receiver = try Receiver()
        let server = try ServerProcess()
        try await server.start()
        let api = API(server)
        try await api.createTopic("signed")
        let fields: [String: any Sendable] = [
            "topic": "signed", "target": receiver.url, "type": "http", "secret": true,
        ]
        let publisher = try await api.data("POST", "/api/publishers", fields, 201)
        let first = try #require(publisher["secret"] as? String)
        let payloads = PayloadTests.payloads.filter { !$0.contains("\\") }
        for payload in payloads { try await api.accept("signed", payload) }
        try await receiver.delivered(payloads.count)
        for arrival in receiver.arrivals {
            #expect(arrival.headers["webhook-id"] == arrival.headers["message-id"])
            #expect(try await ReferenceVerifier.believes(arrival, secret: first))
        }

        let rotated = try await api.data("POST", "/api/publishers/1/rotate-secret", nil, 200)
        let second = try #require(rotated["secret"] as? String)
        try await api.accept("signed", #"{"after":"rotation"}"#)
        try await receiver.delivered(payloads.count + 1)
        var arrival = try #require(receiver.arrivals.last)
        for secret in [first, second] { #expect(try await ReferenceVerifier.believes(arrival, secret: secret)) }
        let stranger = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
        #expect(try await !ReferenceVerifier.believes(arrival, secret: stranger))
        arrival.body.append(UInt8(ascii: " "))
        #expect(try await !ReferenceVerifier.believes(arrival, secret: second))

        try await api.updatePublisher(1, ["secret": stranger])
        try await api.accept("signed", #"{"after":"replacement"}"#)
        try await receiver.delivered(payloads.count + 2)
        arrival = try #require(receiver.arrivals.last)
        #expect(try await ReferenceVerifier.believes(arrival, secret: stranger))
        #expect(try await !ReferenceVerifier.believes(arrival, secret: second))
    }

    @Test("and credential headers reach the target, and neither the log, the answers nor the database file")
    func kept() async throws {
        let receiver = try Receiver { _ in .status(401) }
        let server = try ServerProcess([
            "SECRETS_KEY": Self.key, "LOG_LEVEL": "trace", "ENABLE_FAULT_INJECTION": "true",
        ])
        try await server.start()
        let api = API(server)
        try await api.createTopic("kept")
        let fields: [String: any Sendable] = ["headers": ["Authorization": Self.password], "secret": true]
        try await api.createPublisher("kept", target: receiver.url, fields)
        let rotated = try await api.data("POST", "/api/publishers/1/rotate-secret", nil, 200)
        let secret = try #require(rotated["secret"] as? String)
        let id = try await api.accept("kept", "1")
        try await receiver.requested(1)
        let arrival = try #require(receiver.arrivals.first)
        #expect(arrival.headers["authorization"] == Self.password)
        #expect(arrival.headers["webhook-signature"]?.split(separator: " ").count == 2)
        try await eventually { try await api.attempts(id).count == 1 }

        try await api.crash(1, "courier")
        var shown = ""
        for path in ["/api/publishers/1", "/api/stages/1", "/api/messages/\(id)"] {
            shown += "\(try await api.data("GET", path, nil, 200))"
        }
        #expect(shown.contains("********"))
        await server.stop()
        try await server.start()
        #expect(try await api.publisher(1)["target"] as? String == receiver.url)
        await server.kill()

        let hidden = [Self.password, "hunter2", String(secret.dropFirst("whsec_".count)), Self.key]
        let files = try FileManager.default.contentsOfDirectory(atPath: server.folder.path)
        #expect(files.contains("postoffice.sqlite"))
        for text in hidden {
            #expect(!shown.contains(text))
            #expect(!server.log.contains { $0.contains(text) })
            for file in files {
                let content = try Data(contentsOf: server.folder.appendingPathComponent(file))
                #expect(content.range(of: Data(text.utf8)) == nil, "\(file)")
            }
        }
    }

    @Test("that are encrypted stop the start without their key in one line", arguments: Database.allCases)
    func missingKey(database: Database) async throws {
        let settings = try await database.settings()
        let folder = try TemporaryFolder()
        let path = ["DATABASE_URL": "sqlite:" + folder.file("postoffice.sqlite")]
        let common = path.merging(settings) { $1 }
        let server = try ServerProcess(common.merging(["SECRETS_KEY": Self.key]) { $1 })
        try await server.start()
        let api = API(server)
        try await api.createTopic("sealed")
        try await api.createPublisher("sealed", target: "http://127.0.0.1:1/", ["secret": true, "active": false])
        await server.stop()
        for key in ["", "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="] {
            let other = try ServerProcess(common.merging(["SECRETS_KEY": key]) { $1 })
            let (status, log) = try await other.startInVain()
            #expect(status == 1)
            #expect(log.count == 1, "\(log)")
            #expect(log.first?.contains("SECRETS_KEY") == true, "\(log)")
            #expect(key.isEmpty || log.first?.contains(key) == false)
        }
        try await server.start()
        #expect(try await api.publisher(1)["active"] as? Bool == false)
    }

    @Test("A client certificate that cannot be used is told of with each attempt, and does not end the server")
    func unusableCertificate() async throws {
        let folder = try TemporaryFolder()
        let certificate = folder.file("client.pem")
        let text = ["CERTIFICATE", "PRIVATE KEY"].map { "-----BEGIN \($0)-----\nAAAA\n-----END \($0)-----\n" }.joined()
        try text.write(toFile: certificate, atomically: true, encoding: .utf8)
        let receiver = try Receiver()
        let server = try ServerProcess(["TARGET_CLIENT_CERTIFICATE": certificate])
        try await server.start()
        let api = API(server)
        try await api.createTopic("secure")
        try await api.createPublisher("secure", target: "https://127.0.0.1:\(receiver.port)/")
        let id = try await api.accept("secure", "1")
        try await eventually { try await !api.attempts(id).isEmpty }
        let attempt = try #require(try await api.attempts(id).first)
        let error = try #require(attempt["error"] as? String)
        #expect(error.contains("the client certificate cannot be used"), "\(error)")
        #expect(attempt["status"] is NSNull)
    }

    @Test("A key that is none stops the start without being shown", arguments: ["hunter2", "aHVudGVyMg=="])
    func badKey(key: String) async throws {
        let server = try ServerProcess(["SECRETS_KEY": key])
        let (status, log) = try await server.startInVain()
        #expect(status == 1)
        #expect(log.count == 1, "\(log)")
        #expect(log.first?.contains("SECRETS_KEY") == true)
        #expect(log.first?.contains(key) == false)
    }
}
