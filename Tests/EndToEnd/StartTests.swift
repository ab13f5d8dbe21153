import Foundation
import TestSupport
import Testing

@Suite("A start that cannot work", .timeLimit(.minutes(2)))
struct StartTests {
    static let badSettings: [(name: String, value: String)] = [
        ("MAX_DEMAND", "0"), ("MAX_DEMAND", "abc"), ("MAX_DEMAND", "100001"), ("MAX_DEMAND", "-1"),
        ("MIN_DEMAND", "-1"), ("PORT", "65536"), ("PORT", "http"), ("REFRESH_INTERVAL", "0"),
        ("MAX_BODY_BYTES", "1.5"), ("MAX_BUFFER_BYTES", "lots"), ("MAX_CONNECTIONS", "0"),
        ("DATABASE_URL", "mysql://127.0.0.1/postoffice"), ("DATABASE_URL", "sqlite:"),
        ("ENABLE_FAULT_INJECTION", "perhaps"), ("LOG_LEVEL", "loud"), ("LOG_FORMAT", "xml"),
        ("TARGET_DENY_NETWORKS", "300.0.0.0/8"), ("TARGET_CLIENT_CERTIFICATE", "/nonexistent/certificate.pem"),
        ("TARGET_CLIENT_KEY", "/nonexistent/key.pem"),
    ]

    @Test("for a bad setting ends with 1 and one line that names the setting and its value", arguments: badSettings)
    func badSetting(name: String, value: String) async throws {
        let server = try ServerProcess([name: value])
        let (status, log) = try await server.startInVain()
        #expect(status == 1)
        #expect(log.count == 1, "\(log)")
        #expect(log.first?.contains(name) == true)
        #expect(log.first?.contains(value) == true)
    }

    @Test("for a proxy that cannot be used names the setting, and not its value, which may hold a password")
    func badProxy() async throws {
        let server = try ServerProcess(["HTTPS_PROXY": "socks5://user:hidden@127.0.0.1:1"])
        let (status, log) = try await server.startInVain()
        #expect(status == 1)
        #expect(log.count == 1, "\(log)")
        #expect(log.first?.contains("HTTPS_PROXY") == true)
        #expect(log.first?.contains("hidden") == false)
    }

    @Test("because the port is taken ends with 1 and says so in one line")
    func portTaken() async throws {
        let other = try Receiver()
        let server = try ServerProcess(["PORT": String(other.port), "LOG_LEVEL": "error"])
        let (status, log) = try await server.startInVain()
        #expect(status == 1)
        #expect(log.count == 1, "\(log)")
        #expect(log.last?.contains(String(other.port)) == true)
    }

    @Test("because another instance has the database ends with 1 and says so in one line")
    func secondInstance() async throws {
        let receiver = try Receiver()
        let first = try ServerProcess()
        try await first.start()
        let second = try ServerProcess(["DATABASE_URL": "sqlite:\(first.folder.path)/postoffice.sqlite"])
        let (status, log) = try await second.startInVain()
        #expect(status == 1)
        #expect(log.count == 1, "\(log)")
        #expect(log.last?.contains("postoffice.sqlite") == true)

        // The first one does not notice.
        let api = API(first)
        try await api.createTopic("still")
        try await api.createPublisher("still", target: receiver.url)
        try await api.accept("still", "1")
        try await receiver.delivered(1)
    }

    @Test("because another node delivers from the database ends with 1 and says so in one line, with its name")
    func secondNode() async throws {
        let settings = try await Database.postgres.settings()
        let first = try ServerProcess(settings.merging(["NODE_NAME": "the-first"]) { $1 })
        try await first.start()
        try await expectOneLine(try ServerProcess(settings), about: "the-first")
        try await API(first).createTopic("still")
    }

    @Test("on a database server that is not there ends with 1, says so in one line and keeps the password to itself")
    func missingServer() async throws {
        let url = "postgres://somebody:s3cret@127.0.0.1:\(try FreePort.find())/postoffice"
        let server = try ServerProcess(["DATABASE_URL": url])
        let (status, log) = try await server.startInVain()
        #expect(status == 1)
        #expect(log.count == 1, "\(log)")
        #expect(
            log.last?.contains("postoffice on 127.0.0.1") == true && log.last?.contains("s3cret") == false,
            "\(log)"
        )
    }

    @Test("in a folder that is missing ends with 1 and says so in one line")
    func missingFolder() async throws {
        let server = try ServerProcess(["DATABASE_URL": "sqlite:/nonexistent/folder/postoffice.sqlite"])
        try await expectOneLine(server, about: "/nonexistent/folder")
    }

    @Test("in a folder that cannot be written to ends with 1 and says so in one line")
    func readOnlyFolder() async throws {
        let folder = try ServerProcess.newFolder()
        // Root may write to any folder, but not to a mount that is read-only.
        let wrapper = PrivateMount.isPossible ? PrivateMount.readOnly(folder) : []
        try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder.path)
        try await expectOneLine(try ServerProcess(folder: folder, wrapper: wrapper), about: folder.path)
    }

    @Test("on a file that is no database ends with 1, says so in one line and leaves the file alone")
    func corruptDatabase() async throws {
        let server = try ServerProcess()
        let file = server.folder.appendingPathComponent("postoffice.sqlite")
        let content = Data("This is no database, but somebody's diary.\n".utf8) + Data(repeating: 0x55, count: 20_000)
        try content.write(to: file)
        try await expectOneLine(server, about: file.path)
        #expect(try Data(contentsOf: file) == content)
    }

    private func expectOneLine(_ server: ServerProcess, about text: String) async throws {
        let (status, log) = try await server.startInVain()
        #expect(status == 1)
        #expect(log.count == 1, "\(log)")
        #expect(log.last?.contains(text) == true, "\(log)")
    }
}
