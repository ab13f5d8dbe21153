import ArgumentParser
import Foundation

/// The `postoffice` executable.
@main
enum Postoffice {
    static func main() async {
        do {
            var command = try PostofficeCommand.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as StartFailure {
            FileHandle.standardError.write(Data("postoffice: \(failure)\n".utf8))
            exit(1)
        } catch {
            PostofficeCommand.exit(withError: error)
        }
    }
}
