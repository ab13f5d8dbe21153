#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A listening socket on loopback. Alone it is a black hole: connections are made, and nobody answers them.
struct LoopbackListener: Sendable {
    struct Failure: Error {
        let errno: Int32
    }

    let descriptor: Int32
    let port: Int

    /// - Parameters:
    ///   - port: 0 for a free one.
    ///   - receiveBuffer: in bytes; nil for the system's choice.
    init(address: String = "127.0.0.1", port: Int = 0, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Self.stream, 0)
        guard descriptor >= 0 else { throw Failure(errno: errno) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var name = Self.name(address, port)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (descriptor, size) = (descriptor, length)
        let isListening = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 4_096) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isListening else {
            let code = errno
            closeDescriptor(descriptor)
            throw Failure(errno: code)
        }
        self.port = Int(UInt16(bigEndian: name.sin_port))
    }

    var url: String { "http://127.0.0.1:\(port)/" }

    func close() {
        closeDescriptor(descriptor)
    }

    static func name(_ address: String, _ port: Int) -> sockaddr_in {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, address, &name.sin_addr)
        return name
    }

    static var stream: Int32 {
        #if canImport(Glibc)
        Int32(SOCK_STREAM.rawValue)
        #else
        SOCK_STREAM
        #endif
    }

    static var datagram: Int32 {
        #if canImport(Glibc)
        Int32(SOCK_DGRAM.rawValue)
        #else
        SOCK_DGRAM
        #endif
    }
}

/// `close`, where a method of that name hides it.
func closeDescriptor(_ descriptor: Int32) {
    close(descriptor)
}
