import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Looks up names on threads of its own, one each. The system's look-up cannot be interrupted and may take as long as
/// it likes; how many run at a time is `NameCache`'s to say.
struct Resolver: Sendable {
    let lookUp: @Sendable (String) -> LookUpResult

    /// Uses the system's resolver.
    static let system = Resolver(lookUp: systemLookUp)

    /// Calls `answer` on another thread once the answer is there.
    func start(_ name: String, answer: @escaping @Sendable (LookUpResult) -> Void) {
        // Exception: the system's resolver blocks for as long as a name server does not answer.
        let thread = Thread { [lookUp] in
            LoopThread.blockSignals()
            answer(lookUp(name))
        }
        thread.name = "look-up"
        thread.stackSize = 512 * 1_024
        thread.start()
    }

    private static func systemLookUp(_ name: String) -> LookUpResult {
        var hints = addrinfo()
        // One entry an address instead of one for each kind of socket.
        hints.ai_socktype = streamSocket
        var first: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, &hints, &first)
        defer { if let first { freeaddrinfo(first) } }
        let words = String(cString: gai_strerror(code))
        guard code == 0 else {
            return isFinal(code) ? .noSuchName("no such name") : .failed(words.lowercased())
        }
        var addresses: [IPAddress] = []
        var next = first
        while let entry = next?.pointee {
            if let address = entry.ai_addr.flatMap({ IPAddress(UnsafeRawPointer($0)) }), !addresses.contains(address) {
                addresses.append(address)
            }
            next = entry.ai_next
        }
        return addresses.isEmpty ? .noSuchName("it has no address") : .addresses(addresses)
    }

    private static func isFinal(_ code: Int32) -> Bool {
        #if canImport(Glibc)
        let noAddress: Int32 = -5
        return code == EAI_NONAME || code == noAddress
        #else
        return code == EAI_NONAME || code == EAI_NODATA
        #endif
    }

    private static var streamSocket: Int32 {
        #if canImport(Glibc)
        Int32(SOCK_STREAM.rawValue)
        #else
        SOCK_STREAM
        #endif
    }
}
