import Foundation
import Logging
import NIOCore
import Pipeline

/// Writes one line an event to standard error, as text for people or as JSON for machines.
struct LineLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: ServerConfiguration.LogFormat
    private let write: @Sendable (ByteBuffer) -> Void

    init(
        label: String,
        level: Logger.Level,
        format: ServerConfiguration.LogFormat,
        write: @escaping @Sendable (ByteBuffer) -> Void = Self.writeToStandardError
    ) {
        self.label = label
        self.logLevel = level
        self.format = format
        self.write = write
    }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(metadataProvider?.get() ?? [:]) { $1 }.merging(event.metadata ?? [:]) { $1 }
        let pairs = all.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        switch format {
        case .text: write(text(event, pairs, now))
        case .json: write(json(event, pairs, now))
        }
    }

    private func text(_ event: LogEvent, _ pairs: [(String, String)], _ now: Timestamp) -> ByteBuffer {
        var line = ByteBuffer()
        line.writeRFC3339(now)
        // One line an event, whatever is in it.
        let message = "\(event.message)".replacing("\n", with: "\\n")
        line.writeString(" \(event.level.rawValue) \(message)")
        for (key, value) in pairs {
            let isPlain = !value.isEmpty && !value.contains { $0.isWhitespace || $0 == "\"" || $0 == "=" }
            line.writeString(" \(key)=\(isPlain ? value : value.debugDescription)")
        }
        if let error = event.error { line.writeString(" error=\("\(error)".debugDescription)") }
        line.writeStaticString("\n")
        return line
    }

    private func json(_ event: LogEvent, _ pairs: [(String, String)], _ now: Timestamp) -> ByteBuffer {
        var line = JSONWriter.document { json in
            json.member("time", now)
            json.member("level", event.level.rawValue)
            json.member("logger", label)
            json.member("message", "\(event.message)")
            if let error = event.error { json.member("error", "\(error)") }
            if !pairs.isEmpty {
                json.member(
                    "metadata",
                    object: { json in
                        for (key, value) in pairs { json.member(key, value) }
                    }
                )
            }
        }
        line.writeStaticString("\n")
        return line
    }

    /// One call a line, so that lines of several threads do not mix.
    @Sendable private static func writeToStandardError(_ line: ByteBuffer) {
        line.withUnsafeReadableBytes { bytes in
            _ = Foundation.write(FileHandle.standardError.fileDescriptor, bytes.baseAddress, bytes.count)
        }
    }
}
