import Foundation

/// Cleans up after a process that may end without having the time to: a shell that waits for the end of a pipe, whose
/// other end only that process holds.
final class Guardian: Sendable {
    private let pipe = Pipe()

    /// - Parameters:
    ///   - command: run first.
    ///   - folder: removed then.
    init(onEnd command: [String], removing folder: String) throws {
        // Else other programs that this process starts would keep it open.
        for end in [pipe.fileHandleForReading, pipe.fileHandleForWriting] {
            _ = fcntl(end.fileDescriptor, F_SETFD, FD_CLOEXEC)
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", #"cat; folder=$1; shift; "$@"; rm -rf "$folder""#, "guardian", folder] + command
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        process.standardInput = pipe
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.runAlone()
    }

    deinit {
        try? pipe.fileHandleForWriting.close()
    }
}
