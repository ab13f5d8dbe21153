import Foundation

/// The pages about the original, and the names of the tests that they speak of.
enum OriginalDocs {
    private static let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func page(_ name: String) throws -> String {
        try String(contentsOf: root.appending(path: "Docs/\(name)"), encoding: .utf8)
    }

    /// The cells of a page's tables whose rows begin with such an id: `O17`, `W3`.
    static func rows(_ page: String, _ letter: Character) throws -> [(id: String, cells: [String])] {
        try self.page(page).split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard line.hasPrefix("| \(letter)"), let id = cells.first, isID(id[...]) else { return nil }
            return (id, Array(cells.dropFirst()))
        }
    }

    /// The tests whose names begin with an id of either list, as `Suite/function`, by these ids. What every store is held
    /// to counts as well.
    static func tests() throws -> [String: Set<String>] {
        var tests: [String: Set<String>] = [:]
        let files = FileManager.default.enumerator(at: root.appending(path: "Tests"), includingPropertiesForKeys: nil)
        for case let file as URL in files ?? .init() where file.pathExtension == "swift" {
            let suite = file.deletingPathExtension().lastPathComponent
            let source = try String(contentsOf: file, encoding: .utf8)
            // Ids of other lists, of invariants for instance, may be among them.
            for match in source.matches(of: /(@Test|StoreRequirement)\(\s*"(([A-Z]+[0-9]+(,| and)? )+)/) {
                let function = source[match.range.upperBound...].firstMatch(of: /func (\w+)\(/)?.1 ?? ""
                for id in match.2.split(whereSeparator: { $0 == " " || $0 == "," }) where isID(id) {
                    tests[String(id), default: []].insert("\(suite)/\(function)")
                }
            }
        }
        return tests
    }

    private static func isID(_ text: Substring) -> Bool {
        text.wholeMatch(of: /[OW][1-9][0-9]?/) != nil
    }
}
