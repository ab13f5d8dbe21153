import Foundation
import Programs

/// Cleans up after a process that may end without having the time to: a shell that waits for the end of a pipe, whose
/// other end only that process holds.
final class Guardian: Sendable {
    private let end: Int32

    /// - Parameters:
    ///   - command: run first.
    ///   - folder: removed then.
    init(onEnd command: [String], removing folder: String) throws {
        let pipe = try PipeEnds()
        defer { close(pipe.reading) }
        let script = #"cd /; cat; folder=$1; shift; "$@"; rm -rf "$folder""#
        try Spawning.quietly("/bin/sh", ["-c", script, "guardian", folder] + command, input: pipe.reading)
        end = pipe.writing
    }

    deinit {
        close(end)
    }
}

extension Spawning {
    /// Starts a program whose end interests nobody, and that writes nowhere.
    /// - Parameter input: what it reads; nil: nothing.
    static func quietly(_ executable: String, _ arguments: [String], input: Int32? = nil) throws {
        let nowhere = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(nowhere) }
        var spawning = Spawning(executable: executable, arguments: arguments)
        spawning.standardInput = input ?? nowhere
        spawning.standardOutput = nowhere
        spawning.standardError = nowhere
        let process = try spawning.run()
        // One that has ended and is not collected keeps those from theirs who wait for the end of any.
        Thread.detachNewThread {
            while waitpid(process, nil, 0) == -1, errno == EINTR {}
        }
    }
}
