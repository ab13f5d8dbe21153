import Foundation

/// What the system knows of a running process. Linux only.
struct ProcessFigures {
    static let areKnown = FileManager.default.fileExists(atPath: "/proc/self/status")

    let processIdentifier: Int32

    /// The most memory that it has had, in bytes.
    func peakMemory() throws -> Int { try status("VmHWM") }

    /// The memory that it has now, in bytes.
    func memory() throws -> Int { try status("VmRSS") }

    /// The processor time that it has taken, in seconds.
    func processorTime() throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(processIdentifier)/stat", encoding: .utf8)
        // The name, in parentheses, may hold anything; what is counted follows it.
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private func status(_ name: String) throws -> Int {
        let text = try String(contentsOfFile: "/proc/\(processIdentifier)/status", encoding: .utf8)
        for line in text.split(separator: "\n") where line.hasPrefix(name + ":") {
            let words = line.split(whereSeparator: \.isWhitespace)
            if words.count > 1, let kilobytes = Int(words[1]) { return kilobytes * 1024 }
        }
        return 0
    }
}
