import Foundation

/// What goes on, for people who wait: on standard error, so that standard output stays for results.
enum Progress {
    private static let isTerminal = isatty(STDERR_FILENO) == 1

    /// Shown in place where there is a terminal, else not at all.
    static func show(_ text: String) {
        if isTerminal { write("\r\u{1B}[K\(text)") }
    }

    /// Shown on a line of its own.
    static func say(_ text: String) {
        write((isTerminal ? "\r\u{1B}[K" : "") + text + "\n")
    }

    private static func write(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
