@testable import Bench
import Foundation

/// A name server on an address of its own of the loopback network: it knows no name, and of those that begin with `never` it
/// does not even say that.
final class SilentNameServer: Sendable {
    let address: String
    private let descriptor: Int32

    init() throws {
        // Name servers have one port, so each has another address.
        let host = (0x7F40_0001 as UInt32) + UInt32.random(in: 0..<0x10_0000)
        address = (0..<4).map { String((host >> (24 - 8 * $0)) & 0xFF) }.joined(separator: ".")
        #if canImport(Glibc)
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        #else
        descriptor = socket(AF_INET, SOCK_DGRAM, 0)
        #endif
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(53).bigEndian
        name.sin_addr.s_addr = in_addr_t(host).bigEndian
        let isBound = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound else { throw BenchError.system("use port 53", errno) }
        Thread.detachNewThread { [descriptor] in
            while Self.answer(descriptor) {}
            close(descriptor)
        }
    }

    deinit {
        // Wakes the thread, which closes it.
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Answers one question; false when the socket is shut down.
    private static func answer(_ descriptor: Int32) -> Bool {
        var message = [UInt8](repeating: 0, count: 1500)
        var asker = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &asker) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { asker in
                let count = recvfrom(descriptor, &message, message.count, 0, asker, &length)
                guard count > 18 else { return false }
                if message[13..<18].elementsEqual("never".utf8) { return true }
                // The question again, as a response with the code for "no such name" (RFC 1035, 4.1.1).
                message[2] |= 0x80
                message[3] = 0x83
                sendto(descriptor, message, count, 0, asker, length)
                return true
            }
        }
    }
}
