import ArgumentParser

/// The receiver of the measurements. Started by them; by hand for trying other load generators on it.
struct SinkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sink",
        abstract: "Receives and counts, until standard input ends.",
        shouldDisplay: false
    )

    @Option(help: "The port to listen on; 0 takes any free one.")
    var port = 0
    @Flag(help: "Accept and read, and never answer.")
    var silent = false

    func run() throws {
        #if canImport(Glibc)
        try SinkServer(port: port, answers: !silent).run()
        #else
        throw BenchError.unsupported("the sink")
        #endif
    }
}
