import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A name server on loopback that knows no name but those it is given, and is silent about those that begin with
/// `never`.
struct NameServer: Sendable {
    private let descriptor: Int32

    /// - Parameter addresses: What the first label of a name leads to, at this moment.
    init(address: String, _ addresses: @escaping @Sendable (String) -> [UInt8]? = { _ in nil }) throws {
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
            while Self.answer(descriptor, addresses) {}
        }
        thread.start()
    }

    func close() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        closeDescriptor(descriptor)
    }

    /// Answers one question; false when the socket is closed.
    private static func answer(_ descriptor: Int32, _ addresses: (String) -> [UInt8]?) -> Bool {
        var message = [UInt8](repeating: 0, count: 1_500)
        var asker = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &asker) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { asker in
                let count = recvfrom(descriptor, &message, message.count, 0, asker, &length)
                guard count > 12 else { return false }
                if message[13..<18].elementsEqual("never".utf8) { return true }
                let label = String(decoding: message[13..<13 + Int(message[12])], as: UTF8.self)
                let answer = response(to: Array(message[..<count]), addresses(label))
                sendto(descriptor, answer, answer.count, 0, asker, length)
                return true
            }
        }
    }

    /// A response as RFC 1035, 4.1 has it, recursion available: the address, which nobody is to remember, or "no such
    /// name". Of an address there is only an IPv4 one.
    private static func response(to question: [UInt8], _ address: [UInt8]?) -> [UInt8] {
        var message = question
        message[2] |= 0x80
        message[3] = address == nil ? 0x83 : 0x80
        // No additional records, such as the asker's own.
        message[10...11] = [0, 0]
        var end = 12
        while message[end] != 0 { end += Int(message[end]) + 1 }
        let isForIPv4 = message[end + 1..<end + 3].elementsEqual([0, 1])
        message.removeSubrange((end + 5)...)
        guard let address, isForIPv4 else { return message }
        message[6...7] = [0, 1]
        return message + [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4] + address
    }
}
