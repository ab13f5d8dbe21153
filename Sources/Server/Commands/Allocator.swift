import CMalloc

/// How the C library's allocator treats the buffers of large messages.
enum Allocator {
    /// From so many bytes a buffer is the system's again as soon as it is freed.
    private static let largeBytes: Int32 = 1 << 20

    /// Left alone, glibc takes the largest buffer that was ever freed (up to 32 MB) for a usual one, and keeps the holes
    /// of such buffers in up to eight arenas a processor: with messages of 8 MB twice the bytes in use were seen. Other
    /// libraries give large buffers back by themselves.
    static func returnLargeBuffers() {
        #if canImport(Glibc)
        mallopt(M_MMAP_THRESHOLD, largeBytes)
        // As glibc sets it itself while it adapts, which ends with the setting above.
        mallopt(M_TRIM_THRESHOLD, 2 * largeBytes)
        #endif
    }
}
