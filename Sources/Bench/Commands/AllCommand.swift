import ArgumentParser

/// All measurements with their usual parameters, one after the other.
struct AllCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all",
        abstract: "Runs deliver, ingest, latency and isolation as they are without options."
    )

    @Flag(help: "Compare the figures with the floors, a line each, and fail below one.")
    var floors = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var arguments = ["--rounds", String(output.rounds)]
        if let folder = output.folder { arguments += ["--folder", folder] }
        let measurements: [any Measurement] = [
            try DeliverCommand.parse(arguments), try IngestCommand.parse(arguments),
            try LatencyCommand.parse(arguments), try IsolationCommand.parse(arguments),
        ]
        var results = Results(figures: [])
        for measurement in measurements { results.figures += try await measurement.figures() }
        print(try results.text(output.format))
        if floors { try check(results.figures) }
    }

    /// The verdicts go to standard error: standard output is for figures.
    private func check(_ figures: [Figure]) throws {
        var failed: [String] = []
        for floor in Floor.all {
            for figure in figures where figure.name == floor.figure {
                Progress.say(floor.line(for: figure))
                if !floor.holds(for: figure) { failed.append(figure.name) }
            }
        }
        guard failed.isEmpty else { throw BenchError.belowFloor(failed.joined(separator: ", ")) }
    }
}
