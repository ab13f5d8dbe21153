import Configuration
import Foundation
import SystemPackage

/// Reads settings by the names of their variables, and checks them. A variable that is empty counts as missing.
struct Environment: Sendable {
    private let reader: ConfigReader

    /// - Parameter file: A file of `NAME=value` lines. Variables of the process come before those of the file.
    /// - Throws: `ConfigurationError` when the file cannot be read.
    init(file: String?) async throws {
        var providers: [any ConfigProvider] = [EnvironmentVariablesProvider()]
        if let file {
            do {
                providers.append(try await EnvironmentVariablesProvider(environmentFilePath: FilePath(file)))
            } catch {
                throw ConfigurationError(variable: "--env-file", value: file, rule: "must be a file that can be read")
            }
        }
        reader = ConfigReader(providers: providers)
    }

    init(_ variables: [String: String]) {
        reader = ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: variables))
    }

    func string(_ name: String) -> String? {
        let key = ConfigKey(name.lowercased().split(separator: "_").map(String.init))
        let value = reader.string(forKey: key)?.trimmingCharacters(in: .whitespaces)
        return value == "" ? nil : value
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
        guard let text = string(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw ConfigurationError(
                variable: name,
                value: text,
                rule: "must be a whole number between \(range.lowerBound) and \(range.upperBound)"
            )
        }
        return number
    }

    func bool(_ name: String) throws(ConfigurationError) -> Bool? {
        switch string(name)?.lowercased() {
        case nil: return nil
        case "true": return true
        case "false": return false
        case let text: throw ConfigurationError(variable: name, value: text, rule: "must be true or false")
        }
    }

    /// The path of a file that can be read.
    func readableFile(_ name: String) throws(ConfigurationError) -> String? {
        guard let path = string(name) else { return nil }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue,
            FileManager.default.isReadableFile(atPath: path)
        else { throw ConfigurationError(variable: name, value: path, rule: "must be a file that can be read") }
        return path
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        _: Choice.Type
    ) throws(ConfigurationError) -> Choice? {
        guard let text = string(name) else { return nil }
        if let choice = Choice(rawValue: text.lowercased()) { return choice }
        let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw ConfigurationError(variable: name, value: text, rule: "must be one of \(all)")
    }
}
