#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Wakes a thread that waits for sockets: a pipe whose reading end is polled beside them.
final class Doorbell: Sendable {
    let descriptor: Int32
    private let writingEnd: Int32

    /// No file descriptor is left.
    struct Failure: Error {
        let reason: String
    }

    init() throws(Failure) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failure(reason: String(cString: strerror(errno))) }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        descriptor = ends[0]
        writingEnd = ends[1]
    }

    deinit {
        close(descriptor)
        close(writingEnd)
    }

    func ring() {
        var byte: UInt8 = 1
        _ = write(writingEnd, &byte, 1)
    }

    /// Blocks until it has rung since the last time.
    func wait() {
        var descriptors = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
        while poll(&descriptors, 1, -1) < 0 {}
        clear()
    }

    func clear() {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
            while read(descriptor, buffer.baseAddress, buffer.count) == buffer.count {}
        }
    }
}
