#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// Holds a database file for this process alone, by `flock` on a file beside it.
///
/// The kernel lets go of the lock when the process ends, however it ends, so a crash leaves nothing behind that needs
/// to be cleared up. It is not the database file itself, whose own locks SQLite needs.
struct FileLock: ~Copyable, Sendable {
    private let descriptor: Int32

    /// - Parameter path: The database file, with symbolic links resolved, so that two names of one file are one lock.
    /// - Throws: `StoreError.unusable` when another process (or another store of this one) holds the lock, or when the
    ///   lock file cannot be written.
    init(besides path: String) throws(StoreError) {
        descriptor = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .unusable(reason: "\(path).lock cannot be written: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            close(descriptor)
            throw reason == EWOULDBLOCK
                ? .unusable(reason: "\(path) is in use by another process")
                : .unusable(reason: "\(path).lock cannot be locked: \(String(cString: strerror(reason)))")
        }
    }

    deinit {
        // To close it is not enough: a program that another thread is just starting still has a copy of it.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}
