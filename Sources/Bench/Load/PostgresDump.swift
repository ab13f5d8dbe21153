import Foundation
import Programs

/// A `pg_dump` of the store that goes on until it is told to end: it is under way, and nobody takes the rest of what it
/// writes. So its snapshot is as old as that of the dump of a far larger database.
struct PostgresDump {
    private let processIdentifier: pid_t
    private let output: FileHandle

    init(url: String) throws {
        let pipe = try PipeEnds()
        var spawning = Spawning(
            executable: "/usr/bin/env",
            arguments: ["pg_dump", "--dbname=\(url)", "--schema=postoffice"]
        )
        spawning.standardOutput = pipe.writing
        let started = Result { try spawning.run() }
        close(pipe.writing)
        output = FileHandle(fileDescriptor: pipe.reading, closeOnDealloc: true)
        processIdentifier = try started.get()
        guard !output.availableData.isEmpty else { throw BenchError.program("pg_dump", "wrote nothing") }
    }

    /// - Throws: `BenchError.program` when it was through before: then there was nothing to stand beside.
    func end() throws {
        var status: Int32 = 0
        let wasRunning = waitpid(processIdentifier, &status, WNOHANG) == 0
        // The next that it writes ends it.
        try output.close()
        if wasRunning { waitpid(processIdentifier, &status, 0) }
        guard wasRunning else { throw BenchError.program("pg_dump", "was through too early: --backlog is too small") }
    }
}
