import Foundation
import Programs
import Testing

/// Runs single tests of this program again, in surroundings of their own.
enum Surroundings {
    /// Set in such a run, to what it is for.
    private static let variable = "POSTOFFICE_TEST_SURROUNDINGS"

    static func are(_ name: String) -> Bool {
        ProcessInfo.processInfo.environment[variable] == name
    }

    /// Runs the tests whose names match `filter`.
    /// - Parameters:
    ///   - launcher: what to start the program with, such as `unshare`.
    static func run(
        _ name: String,
        filter: String,
        launcher: [String] = [],
        environment: [String: String] = [:]
    ) async throws {
        let program = try #require(ProcessInfo.processInfo.arguments.first)
        let words = launcher + [program, "--testing-library", "swift-testing", "--filter", filter]
        let (status, output) = try await ChildProcess.run(
            words,
            environment: environment.merging([variable: name]) { $1 }
        )
        #expect(status == 0, "\(output.joined(separator: "\n"))")
        #expect(output.contains { $0.contains("Test run with 1 test") && $0.contains("passed") })
    }
}
