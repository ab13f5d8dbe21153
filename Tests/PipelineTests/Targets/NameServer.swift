import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A name server on loopback that knows no name, and is silent about those that begin with `never`.
struct NameServer: Sendable {
    private let descriptor: Int32

    init(address: String) throws {
        descriptor = socket(AF_INET, LoopbackListener.datagram, 0)
        var name = LoopbackListener.name(address, 53)
        let descriptor = descriptor
        let isBound = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound else { throw LoopbackListener.Failure(errno: errno) }
        let thread = Thread {
            while Self.answer(descriptor) {}
        }
        thread.start()
    }

    func close() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        closeDescriptor(descriptor)
    }

    /// Answers one question; false when the socket is closed.
    private static func answer(_ descriptor: Int32) -> Bool {
        var message = [UInt8](repeating: 0, count: 1_500)
        var asker = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &asker) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { asker in
                let count = recvfrom(descriptor, &message, message.count, 0, asker, &length)
                guard count > 12 else { return false }
                if message[13..<18].elementsEqual("never".utf8) { return true }
                // A response (RFC 1035, 4.1.1), recursion available, "no such name".
                message[2] |= 0x80
                message[3] = 0x83
                sendto(descriptor, message, count, 0, asker, length)
                return true
            }
        }
    }
}
