import ArgumentParser
import Logging
import Pipeline

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the tables of the database up to date.",
        discussion: "`serve` does it too. Of many that start at the same time one does it; the others wait for it."
    )

    @Option(help: ArgumentHelp("Read settings from a file of NAME=value lines too.", valueName: "path"))
    var envFile: String?

    func run() async throws {
        do {
            let configuration = try ServerConfiguration(try await Environment(file: envFile))
            switch configuration.database {
            case .sqlite(let path):
                let logger = Logger(label: "postoffice")
                let store = try SQLiteStore(path: path, vault: configuration.vault, logger: logger)
                try await store.close()
            case .postgres(let options, _):
                try await PostgresStore.migrate(options)
            }
        } catch {
            throw StartFailure("\(error)")
        }
        print("The database is up to date.")
    }
}
