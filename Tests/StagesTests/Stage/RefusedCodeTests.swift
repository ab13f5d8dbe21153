import Foundation
import Programs
import Testing

/// Asks the compiler what it thinks of code that uses Stages: the modules lie beside the tests that run.
@Suite("What does not compile", .timeLimit(.minutes(2)))
struct RefusedCodeTests {
    @Test("L04 A consumer that tries to emit is refused at compile time")
    func consumersCannotEmit() async throws {
        #expect(try await Self.complaints(about: Self.consumer(handling: "print(events)")) == "")
        let complaints = try await Self.complaints(about: Self.consumer(handling: "outlet.emit(Array(events))"))
        #expect(complaints.contains("error: cannot find 'outlet' in scope"))
        let other = try await Self.complaints(about: Self.consumer(handling: "inlet.emit(Array(events))"))
        #expect(other.contains("error: value of type 'Inlet<Int>' has no member 'emit'"))
    }

    private static func consumer(handling statement: String) -> String {
        """
        import Stages

        actor Printer: Consumer {
            let inlet = Inlet<Int>()

            func handle(_ events: Events<Int>) { \(statement) }
        }
        """
    }

    private static func complaints(about code: String) async throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "stages-\(UUID().uuidString).swift")
        try Data(code.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let bundle = try #require(CommandLine.arguments.first { $0.hasSuffix(".xctest") }, "no test bundle")
        let modules = URL(filePath: bundle).deletingLastPathComponent().appending(path: "Modules").path()
        let (_, lines) = try await ChildProcess.run(
            ["swiftc", "-typecheck", "-swift-version", "6", "-I", modules, file.path()]
        )
        return lines.joined(separator: "\n")
    }
}
