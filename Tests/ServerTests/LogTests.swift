import Foundation
import Logging
import NIOCore
import Synchronization
import Testing

@testable import Server

@Suite("Log lines")
struct LogTests {
    private func lines(_ format: ServerConfiguration.LogFormat, _ body: (Logger) -> Void) -> [String] {
        let collected = Collected()
        body(
            Logger(label: "test") { label in
                LineLogHandler(label: label, level: .info, format: format) { collected.add(String(buffer: $0)) }
            }
        )
        return collected.all
    }

    private final class Collected: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    @Test("are readable as text, with what belongs to the event behind it")
    func text() {
        let lines = lines(.text) { logger in
            logger.debug("not shown")
            logger.info("Hello\nyou", metadata: ["b": "with\nspace", "a": "1"])
        }
        #expect(lines.count == 1)
        #expect(lines[0].hasSuffix(" info Hello\\nyou a=1 b=\"with\\nspace\"\n"))
    }

    @Test("are one JSON object each for machines")
    func json() throws {
        let lines = lines(.json) { $0.warning("A \"quoted\"\nline", metadata: ["k": ["x", "y"]]) }
        #expect(lines.count == 1)
        #expect(lines[0].filter { $0 == "\n" }.count == 1)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
        #expect(object["level"] as? String == "warning")
        #expect(object["message"] as? String == "A \"quoted\"\nline")
        #expect((object["metadata"] as? [String: String])?.keys.first == "k")
    }
}
