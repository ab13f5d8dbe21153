import ArgumentParser
import Dispatch
import Foundation
import Programs

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
            AllCommand.self, BulkCommand.self, DeliverCommand.self, IngestCommand.self, IsolationCommand.self,
            LatencyCommand.self, RawCommand.self, RetentionCommand.self, SinkCommand.self, StagesCommand.self,
            StoreCommand.self,
        ]
    )

    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        let interruptions = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { @Sendable in
                leaveNothing()
                _exit(128 + number)
            }
            source.activate()
            return source
        }
        defer { interruptions.forEach { $0.cancel() } }
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as BenchError {
            leaveNothing()
            Progress.say("Error: \(error)")
            Foundation.exit(1)
        } catch {
            leaveNothing()
            exit(withError: error)
        }
    }

    /// Ends what was started and removes what was made, when the end is not the usual one.
    private nonisolated static func leaveNothing() {
        ChildProcess.killAll()
        ScratchFolder.removeAll()
    }
}
