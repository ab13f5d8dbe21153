import Foundation

/// Sockets of the loopback interface.
enum LoopbackSocket {
    /// A socket that has a port and does not listen yet.
    /// - Parameter port: 0 takes any free one.
    static func bound(to port: Int) throws -> Int32 {
        #if canImport(Glibc)
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        #else
        let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { throw BenchError.system("open a socket", errno) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound else {
            let code = errno
            close(descriptor)
            throw BenchError.system("use port \(port)", code)
        }
        return descriptor
    }

    static func listening(on port: Int) throws -> Int32 {
        let descriptor = try bound(to: port)
        guard listen(descriptor, 1024) == 0 else {
            let code = errno
            close(descriptor)
            throw BenchError.system("listen on port \(port)", code)
        }
        return descriptor
    }

    /// The port that a socket has.
    static func port(of descriptor: Int32) -> Int {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// A port that nobody has right now.
    static func freePort() throws -> Int {
        let descriptor = try bound(to: 0)
        defer { close(descriptor) }
        return port(of: descriptor)
    }
}
