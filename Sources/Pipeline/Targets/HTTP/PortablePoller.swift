#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Readiness by poll, for systems without epoll. Its cost grows with the number of connections in use.
final class PortablePoller: SocketPoller {
    private var sockets: [pollfd] = []
    /// Where in `sockets` a descriptor is.
    private var places: [Int32: Int] = [:]

    func opened(_ descriptor: Int32) {
        watch(descriptor, for: [])
    }

    func watch(_ descriptor: Int32, for readiness: Readiness) {
        var events: Int16 = 0
        if readiness.contains(.reading) { events |= Int16(POLLIN) }
        if readiness.contains(.writing) { events |= Int16(POLLOUT) }
        if let place = places[descriptor] {
            if readiness.isEmpty {
                places[descriptor] = nil
                let last = sockets.removeLast()
                if place < sockets.count {
                    sockets[place] = last
                    places[last.fd] = place
                }
            } else {
                sockets[place].events = events
            }
        } else if !readiness.isEmpty {
            places[descriptor] = sockets.count
            sockets.append(pollfd(fd: descriptor, events: events, revents: 0))
        }
    }

    func wait(milliseconds: Int32, _ body: (Int32, Readiness) -> Void) {
        guard poll(&sockets, nfds_t(sockets.count), milliseconds) > 0 else { return }
        for socket in sockets.filter({ $0.revents != 0 }) {
            var readiness: Readiness = []
            if socket.revents & Int16(POLLIN | POLLHUP) != 0 { readiness.insert(.reading) }
            if socket.revents & Int16(POLLOUT) != 0 { readiness.insert(.writing) }
            if socket.revents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0 { readiness.insert(.failed) }
            body(socket.fd, readiness)
        }
    }
}
