import ArgumentParser

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Ask the server that runs with these settings whether it serves: exit code 0 or 1.",
        discussion: "For health checks where there is no other HTTP client. Takes five seconds at most."
    )

    @Option(help: ArgumentHelp("Read settings from a file of NAME=value lines too.", valueName: "path"))
    var envFile: String?

    func run() async throws {
        do {
            let configuration = try ServerConfiguration(try await Environment(file: envFile))
            guard configuration.port != 0 else {
                throw ConfigurationError(
                    variable: "PORT",
                    value: "0",
                    rule: "must be the port that the server listens on"
                )
            }
            let check = HealthCheck(host: configuration.host, port: configuration.port)
            try await check.run()
            print("\(check.url) answers.")
        } catch {
            throw StartFailure("\(error)")
        }
    }
}
