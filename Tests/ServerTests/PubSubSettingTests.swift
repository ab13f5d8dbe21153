import Foundation
import Pipeline
import Testing

@testable import Server

@Suite("Pub/Sub settings")
struct PubSubSettingTests {
    private func setting(_ variables: [String: String]) throws -> PubSubSetting {
        try ServerConfiguration(Environment(variables)).pubsub
    }

    @Test("Without any there is Google's service, no credentials and no history, and nothing to warn of")
    func defaults() throws {
        let setting = try setting([:])
        #expect(setting.configuration == PubSubConfiguration())
        #expect(setting.configuration.place == .service("https://pubsub.googleapis.com/"))
        #expect(setting.history == nil)
        #expect(setting.warnings == [])
        #expect(try self.setting(["CLUSTER_NAME": "a", "ENABLE_HISTORICAL_DATA": "false"]).history == nil)
    }

    @Test("The emulator comes before the service and its credentials")
    func emulator() throws {
        let setting = try setting([
            "PUBSUB_EMULATOR_HOST": "localhost:8085", "GCLOUD_PUBSUB_PROJECT_ID": "demo",
            "GOOGLE_APPLICATION_CREDENTIALS": "/nowhere", "ENABLE_HISTORICAL_DATA": "true",
        ])
        #expect(setting.configuration.place == .emulator("localhost:8085"))
        #expect(setting.configuration.project == "demo")
        #expect(setting.history?.cluster == "postoffice")
        #expect(setting.history?.topic == PubSubTopic("postoffice-sent-messages"))
        #expect(
            setting.warnings == [
                "GOOGLE_APPLICATION_CREDENTIALS is set, but has no effect: PUBSUB_EMULATOR_HOST comes first."
            ]
        )
    }

    @Test("Credentials that cannot be used are a warning and never a stop")
    func credentials() throws {
        let dummy = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).json")
        try Data("{}".utf8).write(to: dummy)
        defer { try? FileManager.default.removeItem(at: dummy) }
        #expect(
            try setting(["GOOGLE_APPLICATION_CREDENTIALS": dummy.path]).warnings == [
                "GOOGLE_APPLICATION_CREDENTIALS: \(dummy.path) is not the JSON key file of a service account. "
                    + "Nothing can be published to Pub/Sub until this is put right."
            ]
        )
        let history = try setting(["ENABLE_HISTORICAL_DATA": "true", "PUBSUB_HISTORICAL_TOPIC_NAME": "history"])
        #expect(history.warnings.count == 1)
        #expect(history.warnings[0].hasPrefix("GOOGLE_APPLICATION_CREDENTIALS is not set"))
    }

    @Test("An endpoint that is not encrypted is a warning, unless it is on this machine")
    func endpoint() throws {
        #expect(try setting(["PUBSUB_API_ENDPOINT": "http://127.0.0.1:1/"]).warnings == [])
        #expect(try setting(["PUBSUB_API_ENDPOINT": "http://pubsub.example/"]).warnings.count == 1)
        #expect(try setting(["PUBSUB_API_ENDPOINT": "https://pubsub.example"]).warnings == [])
    }

    @Test(
        "A value that cannot be used stops the start",
        arguments: [
            ("PUBSUB_EMULATOR_HOST", "http://localhost:8085", "must be a host and a port"),
            ("PUBSUB_EMULATOR_HOST", "local host", "must be a host and a port"),
            (
                "PUBSUB_API_ENDPOINT", "pubsub.example",
                "must be an http or https URL without a query, a user name or a password"
            ),
            (
                "PUBSUB_API_ENDPOINT", "https://pubsub.example/?a=b",
                "must be an http or https URL without a query, a user name or a password"
            ),
            ("GCLOUD_PUBSUB_PROJECT_ID", "a/b", "must be the id of a Google project"),
            (
                "PUBSUB_HISTORICAL_TOPIC_NAME", "a b", "must be the id of a Pub/Sub topic, or projects/…/topics/…"
            ),
            ("ENABLE_HISTORICAL_DATA", "yes", "must be true or false"),
        ]
    )
    func unusable(name: String, value: String, rule: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try setting([name: value]) }
        #expect(error?.description == "\(name) is \"\(value)\": it \(rule)")
    }
}
