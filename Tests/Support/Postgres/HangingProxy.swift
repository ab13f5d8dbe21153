import Foundation
import Synchronization

/// A way to a server on 127.0.0.1 that can stop forwarding, as a network does that hangs: connections stay open, what is
/// sent is taken, nothing arrives.
package final class HangingProxy: Sendable {
    package let port: Int
    private let target: Int
    private let listener: Int32
    private let isHanging = Atomic<Bool>(false)
    private let isEnding = Atomic<Bool>(false)

    package init(to target: Int) throws {
        self.target = target
        (listener, port) = try FreePort.listen()
        let thread = Thread { [listener, self] in
            forward()
            close(listener)
        }
        thread.start()
    }

    /// From now on nothing arrives, not even what is on its way.
    package func hang() { isHanging.store(true, ordering: .sequentiallyConsistent) }

    /// What was sent meanwhile arrives now.
    package func goOn() { isHanging.store(false, ordering: .sequentiallyConsistent) }

    package func end() { isEnding.store(true, ordering: .sequentiallyConsistent) }

    private func forward() {
        // Each end of a connection with the other one.
        var others: [Int32: Int32] = [:]
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !isEnding.load(ordering: .sequentiallyConsistent) {
            let ends = isHanging.load(ordering: .sequentiallyConsistent) ? [] : others.keys.map { $0 }
            var descriptors = ([listener] + ends).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard poll(&descriptors, nfds_t(descriptors.count), 5) > 0 else { continue }
            for descriptor in descriptors where descriptor.revents != 0 {
                if descriptor.fd == listener {
                    let client = accept(listener, nil, nil)
                    guard client >= 0 else { continue }
                    guard let server = FreePort.connect(to: target) else {
                        close(client)
                        continue
                    }
                    others[client] = server
                    others[server] = client
                } else if let other = others[descriptor.fd] {
                    let count = read(descriptor.fd, &buffer, buffer.count)
                    if count <= 0 || !send(buffer[..<count], to: other) {
                        for end in [descriptor.fd, other] {
                            close(end)
                            others[end] = nil
                        }
                    }
                }
            }
        }
        for end in others.keys { close(end) }
    }

    private func send(_ bytes: ArraySlice<UInt8>, to end: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(end, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
