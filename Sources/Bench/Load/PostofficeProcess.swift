import Foundation
import Programs

/// The built `postoffice` beside this program, serving on a port of its own.
final class PostofficeProcess {
    let url: String
    private let process: ChildProcess
    private let connection = HTTPConnection()

    /// A server on a database.
    static func serve(on database: BenchDatabase, settings: [String: String] = [:]) async throws -> PostofficeProcess {
        let port = try LoopbackSocket.freePort()
        var environment = ProcessInfo.processInfo.environment
        environment["HOST"] = "127.0.0.1"
        environment["PORT"] = String(port)
        environment["LOG_LEVEL"] = "warning"
        environment.merge(database.setting) { $1 }
        environment.merge(settings) { $1 }
        return try await PostofficeProcess(["serve"], environment, port: port)
    }

    /// The receiver of the same program, on the same server stack: it reads what it is sent and answers 200.
    static func listen() async throws -> PostofficeProcess {
        let port = try LoopbackSocket.freePort()
        let arguments = ["listen", "--quiet", "--port", String(port)]
        return try await PostofficeProcess(arguments, ProcessInfo.processInfo.environment, port: port)
    }

    private init(_ arguments: [String], _ environment: [String: String], port: Int) async throws {
        url = "http://127.0.0.1:\(port)"
        process = try ChildProcess(ChildProcess.sibling("postoffice"), arguments, environment: environment)
        for _ in 0..<500 {
            guard process.isRunning else {
                throw BenchError.program("postoffice \(arguments[0])", "ended at once with \(await process.ended())")
            }
            if (try? connection.send("GET", url + "/api/health")) != nil { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw BenchError.program("postoffice \(arguments[0])", "does not answer on port \(port)")
    }

    /// Creates a topic that no publisher reads yet.
    func createTopic(_ name: String) throws -> Int {
        let body = #"{"name":"\#(name)","origin_host":"127.0.0.1"}"#
        let topic = try connection.data("POST", url + "/api/topics", json: body, expecting: 201)
        return topic["id"] as? Int ?? 0
    }

    func createPublisher(topic: String, target: String, maxDemand: Int) throws {
        let body = #"{"topic":"\#(topic)","target":"\#(target)","type":"http","max_demand":\#(maxDemand)}"#
        _ = try connection.data("POST", url + "/api/publishers", json: body, expecting: 201)
    }

    /// Lets a publisher deliver, or not. What was under way when it is paused may arrive once more.
    func setActive(_ active: Bool, publisher id: Int64) throws {
        let action = active ? "resume" : "pause"
        _ = try connection.data("POST", url + "/api/publishers/\(id)/\(action)", expecting: 200)
    }

    /// A number that the server keeps of a publisher, as `delivered`.
    func count(_ name: String, publisher id: Int64) throws -> Int {
        try connection.data("GET", url + "/api/publishers/\(id)", expecting: 200)[name] as? Int ?? -1
    }

    /// How many messages the store says that the topic has received.
    func received(topic id: Int) throws -> Int {
        try connection.data("GET", url + "/api/topics/\(id)", expecting: 200)["received"] as? Int ?? -1
    }

    /// Whether a topic holds no message.
    func isEmpty(topic id: Int64) throws -> Bool {
        let topic = try connection.data("GET", url + "/api/topics/\(id)", expecting: 200)
        return topic["oldest_message_at"] is NSNull
    }

    /// - Throws: `BenchError.program` when it does not end well.
    func stop() async throws {
        process.send(SIGTERM)
        let status = await process.ended()
        guard status == 0 || status == -SIGTERM else {
            throw BenchError.program("postoffice", "ended with \(status)")
        }
    }
}
