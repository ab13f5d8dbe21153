import ArgumentParser

/// What all measurements have in common.
struct OutputOptions: ParsableArguments {
    @Option(help: "How results are printed on standard output: table or json.")
    var format = Results.Format.table

    @Option(help: "How often measurement and yardstick take turns; the medians count.")
    var rounds = 3

    @Option(help: "Where the databases of the measurement are made; the system's temporary folder if not given.")
    var folder: String?

    func validate() throws {
        guard rounds >= 1 else { throw ValidationError("--rounds is at least 1") }
    }
}
