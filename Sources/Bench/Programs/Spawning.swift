package import Foundation
import Synchronization

/// Starts a program with no signals blocked or ignored, and with the open files that are not closed by starting one.
package struct Spawning {
    /// Held while a program is started, and while a file is open that no other program is to get.
    static let starting = Mutex<Void>(())

    package var executable: String
    package var arguments: [String]
    package var environment: [String: String]
    package var standardInput = STDIN_FILENO
    package var standardOutput = STDOUT_FILENO
    package var standardError = STDERR_FILENO

    package init(
        executable: String,
        arguments: [String],
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
    }

    /// - Returns: the number of the new process, which is to be waited for.
    /// - Throws: `ProgramError` when it cannot be started.
    package func run() throws -> pid_t {
        #if canImport(Darwin)
        var actions: posix_spawn_file_actions_t?
        var attributes: posix_spawnattr_t?
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_CLOEXEC_DEFAULT
        #else
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, standardInput, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, standardOutput, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, standardError, STDERR_FILENO)
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGPIPE, SIGINT, SIGTERM] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var words = ([executable] + arguments).map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in words + variables { free(pointer) } }
        var processIdentifier: pid_t = 0
        let code = Self.starting.withLock { _ in
            posix_spawn(&processIdentifier, executable, &actions, &attributes, &words, &variables)
        }
        guard code == 0 else { throw ProgramError.system("start \(executable)", code) }
        return processIdentifier
    }
}
