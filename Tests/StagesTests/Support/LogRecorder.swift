import Logging
import Synchronization

/// Keeps what is logged, so that a test can look at it.
struct LogRecorder: LogHandler {
    let messages = Recorder<String>()
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { messages.append("\(event.level): \(event.message)") }

    var logger: Logger { Logger(label: "test") { _ in self } }
}
