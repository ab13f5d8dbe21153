import ArgumentParser

/// A command that measures figures and prints them.
protocol Measurement: AsyncParsableCommand {
    var output: OutputOptions { get }

    /// Measures. Throws `BenchError` also when a message was lost or arrived twice.
    func figures() async throws -> [Figure]
}

extension Measurement {
    func run() async throws {
        print(try Results(figures: await figures()).text(output.format))
    }
}

extension Payload {
    static func check(length: Int) throws {
        guard length >= smallest else { throw ValidationError("--payload-bytes is at least \(smallest)") }
    }
}
