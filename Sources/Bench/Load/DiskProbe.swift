import Foundation

/// What durability costs on a disk: how long it takes until a few written bytes are really there.
enum DiskProbe {
    /// - Returns: the median of many, in milliseconds.
    static func syncTime(in folder: URL) throws -> Double {
        let path = folder.appendingPathComponent("probe").path
        let descriptor = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
        guard descriptor >= 0 else { throw BenchError.system("write to \(path)", errno) }
        defer {
            close(descriptor)
            unlink(path)
        }
        let page = [UInt8](repeating: 1, count: 4096)
        var times: [Double] = []
        for _ in 0..<200 {
            guard write(descriptor, page, page.count) == page.count else {
                throw BenchError.system("write to \(path)", errno)
            }
            let began = MonotonicClock.now()
            #if canImport(Glibc)
            fdatasync(descriptor)
            #else
            fsync(descriptor)
            #endif
            times.append(Double(MonotonicClock.now() - began) / 1e6)
        }
        return Figure.median(times)
    }
}
