#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A listener whose queue is full of connections that nobody accepts: further ones are not made.
struct FullListener {
    private let listener: LoopbackListener
    private let fillers: [Int32]

    init() throws {
        listener = try LoopbackListener()
        listen(listener.descriptor, 0)
        var name = LoopbackListener.name("127.0.0.1", listener.port)
        fillers = (0..<4).map { _ in
            let filler = socket(AF_INET, LoopbackListener.stream, 0)
            _ = fcntl(filler, F_SETFL, O_NONBLOCK)
            withUnsafePointer(to: &name) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = connect(filler, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            return filler
        }
    }

    var url: String { listener.url }

    func close() {
        listener.close()
        for filler in fillers { closeDescriptor(filler) }
    }
}
