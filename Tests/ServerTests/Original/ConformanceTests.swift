import Foundation
import Testing

/// Holds the lists of what the original does, and of what was wrong with it, together with the tests that are named after
/// their rows.
@Suite("Conformance") struct ConformanceTests {
    @Test(
        "Each row has a test whose name begins with its number, or says why it has none",
        arguments: [("Conformance.md", "O", 96), ("Migrating.md", "W", 38)] as [(String, Character, Int)]
    )
    func rows(page: String, letter: Character, count: Int) throws {
        let rows = try OriginalDocs.rows(page, letter)
        #expect(rows.map(\.id) == (1...count).map { "\(letter)\($0)" })
        let tests = try OriginalDocs.tests()
        for (id, cells) in rows {
            let last = cells.last ?? ""
            let hasReason = last.hasPrefix("no test: ")
            #expect((tests[id] == nil) == hasReason, "\(id)")
            if hasReason { continue }
            for (index, name) in last.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            where index % 2 == 1 {
                #expect(tests[id]?.contains(String(name)) == true, "\(id): \(name)")
            }
        }
    }
}
