import Foundation
import Logging
import Pipeline
import Testing

@testable import Server

@Suite("Configuration")
struct ConfigurationTests {
    private func configuration(_ variables: [String: String]) throws -> ServerConfiguration {
        try ServerConfiguration(Environment(variables))
    }

    @Test("has the documented defaults; an empty variable counts as missing")
    func defaults() throws {
        for variables in [[:], ["PORT": "", "MAX_DEMAND": " ", "API_TOKENS": "", "DATABASE_URL": ""]] {
            let configuration = try configuration(variables)
            #expect(configuration.host == "127.0.0.1")
            #expect(configuration.port == 4000)
            #expect(configuration.sqlitePath == "postoffice.sqlite")
            #expect(configuration.maxDemand == 100)
            #expect(configuration.minDemand == nil)
            #expect(configuration.refreshInterval == .seconds(10))
            #expect(configuration.recoveryInterval == .seconds(30))
            #expect(configuration.maxBodyBytes == 8_000_000)
            #expect(configuration.maxBufferBytes == 268_435_456)
            #expect(configuration.maxConnections == 1024)
            #expect(configuration.targetDenyNetworks == "link-local")
            #expect(configuration.targetCABundle == nil)
            #expect(configuration.nodeName.hasSuffix("-\(ProcessInfo.processInfo.processIdentifier)"))
            #expect(!configuration.enableFaultInjection)
            #expect(configuration.logLevel == .info)
            #expect(configuration.logFormat == .text)
            #expect(configuration.warnings.isEmpty)
        }
    }

    @Test("W33 The age of messages and the time table of the clean-up are read at the start")
    func cleaning() throws {
        let defaults = try configuration([:]).cleaning
        #expect(defaults.threshold == 7_890_000)
        #expect(defaults.timetable?.text == "0 12 * * 0")
        let given = try configuration(["CLEAN_MESSAGES_THRESHOLD": "60", "CLEAN_MESSAGES_CRONTAB": "@daily"])
        #expect(given.cleaning.threshold == 60)
        #expect(
            given.cleaning.timetable?.next(after: Timestamp(milliseconds: 1)) == Timestamp(milliseconds: 86_400_000)
        )
        #expect(given.warnings.isEmpty)
    }

    @Test(
        "W33 A time table that cannot be used stops the start with the field that is wrong",
        arguments: [
            (
                "61 * * * *",
                #"CLEAN_MESSAGES_CRONTAB is "61 * * * *": it has "61" as its minute, which must be a number"#
            ),
            ("* * * *", #"CLEAN_MESSAGES_CRONTAB is "* * * *": it must have five fields"#),
            ("0 0 31 feb *", #"CLEAN_MESSAGES_CRONTAB is "0 0 31 feb *": it names a day that never comes"#),
        ]
    )
    func crontab(text: String, sentence: String) {
        #expect { try configuration(["CLEAN_MESSAGES_CRONTAB": text]) } throws: { "\($0)".hasPrefix(sentence) }
    }

    @Test("takes what is given")
    func values() throws {
        let configuration = try configuration([
            "HOST": "::1", "PORT": "0", "MAX_DEMAND": "10000", "MIN_DEMAND": "0", "REFRESH_INTERVAL": "86400",
            "MAX_BODY_BYTES": "1", "MAX_BUFFER_BYTES": "1", "MAX_CONNECTIONS": "1", "TARGET_DENY_NETWORKS": "private",
            "TARGET_CA_BUNDLE": "/etc/passwd", "NODE_NAME": "a1", "ENABLE_FAULT_INJECTION": "True",
            "LOG_LEVEL": "TRACE", "RECOVERY_INTERVAL": "1",
            "LOG_FORMAT": "json",
        ])
        #expect(configuration.host == "::1")
        #expect(configuration.port == 0)
        #expect(configuration.maxDemand == 10_000)
        #expect(configuration.minDemand == 0)
        #expect(configuration.refreshInterval == .seconds(86_400))
        #expect(configuration.recoveryInterval == .seconds(1))
        #expect(configuration.maxBodyBytes == 1)
        #expect(configuration.targetDenyNetworks == "private")
        #expect(configuration.targetCABundle == "/etc/passwd")
        #expect(configuration.nodeName == "a1")
        #expect(configuration.enableFaultInjection)
        #expect(configuration.logLevel == .trace)
        #expect(configuration.logFormat == .json)
    }

    @Test(
        "keeps the path of the database",
        arguments: [
            ("sqlite:a.sqlite", "a.sqlite"), ("sqlite:/var/a", "/var/a"), ("sqlite:///var/a", "/var/a"),
            ("sqlite:./a b", "./a b"),
        ]
    )
    func databases(url: String, path: String) throws {
        #expect(try configuration(["DATABASE_URL": url]).sqlitePath == path)
    }

    @Test("takes a PostgreSQL database by its URL, or by the names of its parts")
    func postgres() throws {
        let byURL = try configuration(["DATABASE_URL": "postgres://me:secret@db.example:5433/mail?sslmode=require"])
        #expect(byURL.postgresPlace == "mail on db.example:5433")
        #expect(byURL.warnings.isEmpty)
        let parts = ["DB_HOST": "db.example", "DB_NAME": "mail", "DB_USERNAME": "me", "DB_PASSWORD": "secret"]
        let byParts = try configuration(parts)
        #expect(byParts.postgresPlace == "mail on db.example")
        let both = try configuration(parts.merging(["DATABASE_URL": "sqlite:a.sqlite"]) { $1 })
        #expect(both.sqlitePath == "a.sqlite")
        #expect(both.warnings.count == 4)
    }

    @Test(
        "stops the start with one line that names the variable, the value and what is allowed",
        arguments: [
            ("PORT", "65536", "must be a whole number between 0 and 65535"),
            ("PORT", "http", "must be a whole number between 0 and 65535"),
            ("PORT", "-1", "must be a whole number between 0 and 65535"),
            ("MAX_DEMAND", "0", "must be a whole number between 1 and 10000"),
            ("MAX_DEMAND", "abc", "must be a whole number between 1 and 10000"),
            ("MAX_DEMAND", "100001", "must be a whole number between 1 and 10000"),
            ("MAX_DEMAND", "1.5", "must be a whole number between 1 and 10000"),
            ("MIN_DEMAND", "-1", "must be a whole number between 0 and 9999"),
            ("MIN_DEMAND", "10000", "must be a whole number between 0 and 9999"),
            ("REFRESH_INTERVAL", "0", "must be a whole number between 1 and 86400"),
            ("RECOVERY_INTERVAL", "0", "must be a whole number between 1 and 86400"),
            ("REFRESH_INTERVAL", "10s", "must be a whole number between 1 and 86400"),
            ("MAX_BODY_BYTES", "0", "must be a whole number between 1 and 1073741824"),
            ("MAX_BODY_BYTES", "1MB", "must be a whole number between 1 and 1073741824"),
            ("MAX_BUFFER_BYTES", "0", "must be a whole number between 1 and 1099511627776"),
            ("MAX_BUFFER_BYTES", "7999999", "must be at least MAX_BODY_BYTES, which is 8000000"),
            ("MAX_CONNECTIONS", "0", "must be a whole number between 1 and 100000"),
            ("MAX_CONNECTIONS", "99999999999999999999", "must be a whole number between 1 and 100000"),
            ("TARGET_CA_BUNDLE", "/nothing/here.pem", "must be a file that can be read"),
            ("TARGET_CA_BUNDLE", "/etc", "must be a file that can be read"),
            ("NODE_NAME", "a\tb", "must have at most 255 characters, none of them control ones"),
            ("ENABLE_FAULT_INJECTION", "yes", "must be true or false"),
            ("LOG_LEVEL", "loud", "must be one of trace, debug, info, notice, warning, error, critical"),
            ("LOG_FORMAT", "xml", "must be one of text, json"),
            ("DATABASE_URL", "mysql://a", "must be sqlite: and a path, or postgres://user:password@host:5432/name"),
            ("DATABASE_URL", "sqlite:", "must be sqlite: and a path, or postgres://user:password@host:5432/name"),
            (
                "DATABASE_URL", "sqlite::memory:",
                "must be sqlite: and a path, or postgres://user:password@host:5432/name"
            ),
        ]
    )
    func refused(name: String, value: String, rule: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try configuration([name: value]) }
        let shown = value.lowercased() == value || name != "ENABLE_FAULT_INJECTION" ? value : value.lowercased()
        #expect(error?.description == "\(name) is \"\(shown)\": it \(rule)")
    }

    @Test("never shows a password")
    func passwords() throws {
        for url in [
            "postgresql://user:secret@[host/db", "mysql://user:secret@host/db",
            "postgres://user:secret%@host/db", "postgres://user:secret@host/db?secret",
        ] {
            let error = #expect(throws: ConfigurationError.self) { try configuration(["DATABASE_URL": url]) }
            #expect(error?.description.contains("secret") == false)
        }
    }

    @Test("names what it does not know in the URL of a database")
    func unknownParameter() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try configuration(["DATABASE_URL": "postgres://user:secret@host/db?sslmod=require"])
        }
        #expect(error?.description.contains("sslmod") == true)
        #expect(error?.description.contains("secret") == false)
    }

    @Test(
        "refuses to start rather than ignore a setting that protects something",
        arguments: ["API_TOKENS", "UI_PASSWORD"]
    )
    func unsupported(name: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try configuration([name: "secret"]) }
        #expect(error?.description.hasPrefix("\(name) is set: it is not supported yet") == true)
        #expect(error?.description.contains("secret") == false)
    }

    @Test("takes a key of 32 bytes for the secrets, and shows none that it does not take")
    func secretsKey() throws {
        #expect(try configuration([:]).vault == nil)
        #expect(try configuration(["SECRETS_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]).vault != nil)
        for key in [
            "secret", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MA==", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEy",
        ] {
            let error = #expect(throws: ConfigurationError.self) { try configuration(["SECRETS_KEY": key]) }
            #expect(error?.description.hasPrefix("SECRETS_KEY is set: it must be 32 bytes in base64") == true)
            #expect(error?.description.contains(key) == false)
        }
    }

    @Test("takes a client certificate with its key, in one file or two, and no other file")
    func clientCertificate() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pem-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func file(_ name: String, _ types: String...) throws -> String {
            let path = folder.appendingPathComponent(name).path
            let text = types.map { "-----BEGIN \($0)-----\nAAAA\n-----END \($0)-----\n" }.joined()
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }
        let certificate = try file("certificate", "CERTIFICATE")
        let key = try file("key", "EC PRIVATE KEY")
        let both = try file("both", "PRIVATE KEY", "CERTIFICATE")
        let locked = try file("locked", "ENCRYPTED PRIVATE KEY")
        let names = ["TARGET_CLIENT_CERTIFICATE", "TARGET_CLIENT_KEY"]
        func read(_ values: String?...) throws -> ClientCertificate? {
            try configuration(Dictionary(uniqueKeysWithValues: zip(names, values.map { $0 ?? "" }))).clientCertificate
        }
        #expect(try read(nil, nil) == nil)
        let pair = try #require(try read(certificate, key))
        #expect(pair.certificate == certificate && pair.key == key)
        let single = try #require(try read(both, nil))
        #expect(single.certificate == both && single.key == both)
        for (values, message) in [
            ([nil, key], "TARGET_CLIENT_KEY is \"\(key)\": it needs TARGET_CLIENT_CERTIFICATE too"),
            ([key, key], "TARGET_CLIENT_CERTIFICATE is \"\(key)\": it must be a PEM file with a certificate"),
            (
                [certificate, nil],
                "TARGET_CLIENT_CERTIFICATE is \"\(certificate)\": it must hold the private key too, unless "
                    + "TARGET_CLIENT_KEY is set"
            ),
            (
                [certificate, locked],
                "TARGET_CLIENT_KEY is \"\(locked)\": it must be a PEM file with a private key that is not encrypted"
            ),
            (
                [certificate, certificate],
                "TARGET_CLIENT_KEY is \"\(certificate)\": it must be a PEM file with a private key that is not encrypted"
            ),
            (
                [certificate, folder.path],
                "TARGET_CLIENT_KEY is \"\(folder.path)\": it must be a file that can be read"
            ),
            (
                ["/nothing/here", key],
                "TARGET_CLIENT_CERTIFICATE is \"/nothing/here\": it must be a file that can be read"
            ),
        ] as [([String?], String)] {
            let error = #expect(throws: ConfigurationError.self) { try read(values[0], values[1]) }
            #expect(error?.description == message)
        }
    }

    @Test("warns of listening beyond loopback, and of what has no effect yet")
    func warnings() throws {
        #expect(try configuration(["HOST": "0.0.0.0"]).warnings.count == 1)
        #expect(try configuration(["HOST": "localhost"]).warnings.isEmpty)
        #expect(
            try configuration(["LEASE_SECONDS": "5"]).warnings == [
                "LEASE_SECONDS is set, but has no effect yet."
            ]
        )
    }

    @Test("comes from a file too")
    func file() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).env").path
        try "# a comment\nMAX_DEMAND=7\n\nNODE_NAME = b2 \n".write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let configuration = try ServerConfiguration(try await Environment(file: path))
        #expect(configuration.maxDemand == 7)
        #expect(configuration.nodeName == "b2")
        let error = await #expect(throws: ConfigurationError.self) { try await Environment(file: path + ".missing") }
        #expect(error?.description.contains("must be a file that can be read") == true)
    }
}

extension ServerConfiguration {
    fileprivate var sqlitePath: String? {
        if case .sqlite(let path) = database { path } else { nil }
    }

    fileprivate var postgresPlace: String? {
        if case .postgres(let options, _) = database { options.place } else { nil }
    }
}
