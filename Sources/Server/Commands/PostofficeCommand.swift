import ArgumentParser

struct PostofficeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postoffice",
        abstract: "A durable message buffer: accepts messages over HTTP and delivers them to whoever is interested.",
        subcommands: [
            ServeCommand.self, MigrateCommand.self, ImportOriginalCommand.self, CheckCommand.self, ListenCommand.self,
            VersionCommand.self,
        ],
        defaultSubcommand: ServeCommand.self
    )
}
