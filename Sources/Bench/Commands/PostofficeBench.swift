import ArgumentParser
import Dispatch
import Foundation

/// Measures throughput and latency, each next to a yardstick of the same run.
@main
struct PostofficeBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postoffice-bench",
        abstract: "Measures Postoffice next to yardsticks of the same run.",
        discussion: """
            Every measurement reconciles: it ends with exit status 1 and says which messages were lost or arrived twice.
            Figures go to standard output, progress to standard error.
            """,
        subcommands: [
            AllCommand.self, DeliverCommand.self, IngestCommand.self, LatencyCommand.self, RawCommand.self,
            SinkCommand.self,
        ]
    )

    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        let interrupt = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        interrupt.setEventHandler {
            ChildProcess.killAll()
            _exit(130)
        }
        signal(SIGINT, SIG_IGN)
        interrupt.activate()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as BenchError {
            ChildProcess.killAll()
            Progress.say("Error: \(error)")
            _exit(1)
        } catch {
            ChildProcess.killAll()
            exit(withError: error)
        }
    }
}
