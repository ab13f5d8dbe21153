import Foundation
import Testing

@Suite("Docs/WhenThingsFail.md") struct WhenThingsFailTests {
    private static let tests = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent()

    private struct Entry {
        var title: String
        /// As `swift test --filter` takes them.
        var tests: [String]
    }

    private static func entries() throws -> [Entry] {
        let page = try String(contentsOf: tests.appending(path: "../Docs/WhenThingsFail.md"), encoding: .utf8)
        return page.components(separatedBy: "\n### ").dropFirst().map { part in
            let lines = part.split(separator: "\n")
            let named = lines.first { $0.hasPrefix("- Tests: ") } ?? ""
            let tests = named.split(separator: "`").filter { $0.contains("/") }.map(String.init)
            return Entry(title: String(lines.first ?? ""), tests: tests)
        }
    }

    /// The source of every suite by target and name, such as `EndToEndTests.KillTests`.
    private static func suites() throws -> [String: String] {
        var suites: [String: String] = [:]
        for (target, folder) in [("EndToEndTests", "EndToEnd"), ("PipelineTests", "PipelineTests")] {
            let files = FileManager.default.enumerator(
                at: tests.appending(path: folder),
                includingPropertiesForKeys: nil
            )
            for case let file as URL in files ?? .init() where file.pathExtension == "swift" {
                let name = file.deletingPathExtension().lastPathComponent
                suites["\(target).\(name)"] = try String(contentsOf: file, encoding: .utf8)
            }
        }
        return suites
    }

    @Test("Each entry names tests, and there is each test that it names")
    func tests() throws {
        let suites = try Self.suites()
        let entries = try Self.entries()
        #expect(entries.count > 25)
        for entry in entries {
            #expect(!entry.tests.isEmpty, "\(entry.title)")
            for test in entry.tests {
                let parts = test.split(separator: "/").map(String.init)
                let source = suites[parts[0]] ?? ""
                let suite = parts[0].split(separator: ".").last ?? ""
                #expect(source.contains("struct \(suite) {"), "\(entry.title): \(test)")
                #expect(source.contains("func \(parts[1])("), "\(entry.title): \(test)")
            }
        }
    }

    @Test("Each entry says what happens to the message, what one sees and what one does")
    func parts() throws {
        let page = try String(contentsOf: Self.tests.appending(path: "../Docs/WhenThingsFail.md"), encoding: .utf8)
        for entry in page.components(separatedBy: "\n### ").dropFirst() {
            for part in ["- **The message**", "- **You see**", "- **You do**"] {
                #expect(entry.contains(part), "\(entry.prefix { $0 != "\n" })")
            }
        }
    }
}
