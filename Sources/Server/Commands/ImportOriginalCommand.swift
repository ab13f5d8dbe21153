import ArgumentParser
import Foundation
import Logging
import Pipeline

struct ImportOriginalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import-original",
        abstract: "Take over topics, publishers and undelivered messages from a mercadona/postoffice.",
        discussion: """
            Reads the original's PostgreSQL database, changes nothing in it, and says what it would do; with --apply it \
            does it. It can be done again: nothing is brought twice. Stop the original first, and start `serve` \
            afterwards: no node may deliver meanwhile. The database to bring it into is that of the settings, as for `serve`.
            """
    )

    @Argument(help: ArgumentHelp("The original's database: postgres://user:password@host:5432/name", valueName: "url"))
    var url: String

    @Flag(help: "Do it, instead of saying what would be done.")
    var apply = false

    @Flag(help: "Take messages of the time before the job table too.")
    var oldPending = false

    @Option(help: ArgumentHelp("Read settings from a file of NAME=value lines too.", valueName: "path"))
    var envFile: String?

    func run() async throws {
        do {
            let configuration = try ServerConfiguration(try await Environment(file: envFile))
            let options: PostgresOptions
            do {
                options = try PostgresOptions(url: url, timeout: .seconds(60))
            } catch {
                throw StartFailure("the URL of the original's database cannot be used: \(error)")
            }
            let store = try await store(configuration)
            do {
                try await OriginalImport.run(
                    from: options,
                    into: store,
                    applies: apply,
                    takesOldPending: oldPending,
                    now: World.real.now(),
                    tell: { print($0) }
                )
            } catch {
                try? await store.close()
                throw error
            }
            try await store.close()
        } catch {
            throw StartFailure("\(error)")
        }
    }

    /// Held as by a node that delivers, if it is to be written to.
    private func store(_ configuration: ServerConfiguration) async throws -> any ImportingStore {
        LoggingSystem.bootstrap { LineLogHandler(label: $0, level: .warning, format: .text) }
        let logger = Logger(label: "postoffice.import")
        switch configuration.database {
        case .sqlite(let path):
            return try SQLiteStore(path: path, vault: configuration.vault, logger: logger)
        case .postgres(let options, let connections):
            return try await PostgresStore.open(
                options,
                connections: connections,
                node: apply ? "import" : nil,
                vault: configuration.vault,
                logger: logger
            )
        }
    }
}
