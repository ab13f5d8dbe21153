import Foundation

/// A `pg_dump` of the store that goes on until it is told to end: it is under way, and nobody takes the rest of what it
/// writes. So its snapshot is as old as that of the dump of a far larger database.
struct PostgresDump {
    private let process = Process()
    private let output = Pipe()

    init(url: String, folder: URL) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["pg_dump", "--dbname=\(url)", "--schema=postoffice"]
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        guard !output.fileHandleForReading.availableData.isEmpty else {
            throw BenchError.program("pg_dump", "wrote nothing")
        }
    }

    /// - Throws: `BenchError.program` when it was through before: then there was nothing to stand beside.
    func end() throws {
        let wasRunning = process.isRunning
        // Not by a signal: the threads of the shared pool block them, and programs inherit that.
        try output.fileHandleForReading.close()
        process.waitUntilExit()
        guard wasRunning else { throw BenchError.program("pg_dump", "was through too early: --backlog is too small") }
    }
}
