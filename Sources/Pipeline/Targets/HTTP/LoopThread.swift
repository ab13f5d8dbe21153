import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A thread outside of Swift's concurrency, for a loop that blocks.
enum LoopThread {
    /// Runs `body` on a thread of its own and returns when it has returned.
    static func run(named name: String, _ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            // Exception: a loop that blocks would take a thread of the shared pool away from everybody else.
            let thread = Thread {
                blockSignals()
                body()
                continuation.resume()
            }
            thread.name = name
            thread.stackSize = 1_024 * 1_024
            thread.start()
        }
    }

    /// Leaves signals to the program's other threads. SIGPIPE is the one that matters: with `CURLOPT_NOSIGNAL` libcurl
    /// does not keep TLS from raising it.
    static func blockSignals() {
        var signals = sigset_t()
        sigfillset(&signals)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}
