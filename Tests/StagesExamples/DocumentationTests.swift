import Foundation
import Testing

@Suite("Documentation")
struct DocumentationTests {
    private static let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()

    /// Without the indentation that the surroundings give it, and without spaces at the ends.
    private static func lines(_ text: some StringProtocol) -> [String] {
        text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    private static func examples() throws -> [(article: String, lines: [String])] {
        let catalogue = root.appending(path: "../../Sources/Stages/Documentation.docc")
        let articles = try FileManager.default.contentsOfDirectory(at: catalogue, includingPropertiesForKeys: nil)
        return try articles.filter { $0.pathExtension == "md" }.flatMap { article in
            let parts = try String(contentsOf: article, encoding: .utf8).components(separatedBy: "```swift\n")
                .dropFirst()
            return parts.compactMap { part in
                part.range(of: "\n```").map { (article.lastPathComponent, lines(part[..<$0.lowerBound])) }
            }
        }
    }

    @Test("Every example of the articles compiles: it is among the examples that are tested")
    func examplesCompile() throws {
        let sources = try FileManager.default.contentsOfDirectory(at: Self.root, includingPropertiesForKeys: nil)
        let code = try sources.flatMap { Self.lines(try String(contentsOf: $0, encoding: .utf8)) }
        let all = code.joined(separator: "\n")
        let examples = try Self.examples()
        #expect(examples.count > 10)
        for example in examples {
            #expect(all.contains(example.lines.joined(separator: "\n")), "\(example.article): \(example.lines)")
        }
    }
}
