#if os(Linux)
internal import CLibCurl
import Glibc

/// Readiness by epoll. A descriptor that is watched no longer stays registered until it reports something: the
/// connection of a series of exchanges then costs no system call beyond the waiting, since libcurl stops and resumes
/// to watch it with each. What makes that safe is that every socket is announced by `opened`: closing it took it out
/// of the epoll, so what is known of its number is forgotten.
final class EpollPoller: SocketPoller {
    private let epoll: Int32
    /// By descriptor: what is registered, and what of it is wanted.
    private var registered: [Readiness?] = []
    private var wanted: [Readiness] = []
    private var events = [epoll_event](repeating: epoll_event(), count: 256)

    init() throws(CurlTransportError) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw .noDescriptor(String(cString: strerror(errno))) }
    }

    deinit {
        close(epoll)
    }

    func opened(_ descriptor: Int32) {
        let index = Int(descriptor)
        if index >= registered.count {
            let missing = index + 1 - registered.count
            registered += Array(repeating: nil, count: missing)
            wanted += Array(repeating: [], count: missing)
        }
        registered[index] = nil
        wanted[index] = []
    }

    func watch(_ descriptor: Int32, for readiness: Readiness) {
        let index = Int(descriptor)
        wanted[index] = readiness
        if readiness.isEmpty || registered[index] == readiness { return }
        control(registered[index] == nil ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, readiness)
        registered[index] = readiness
    }

    func wait(milliseconds: Int32, _ body: (Int32, Readiness) -> Void) {
        let count = epoll_wait(epoll, &events, Int32(events.count), milliseconds)
        guard count > 0 else { return }
        for event in events[..<Int(count)] {
            let descriptor = event.data.fd
            if wanted[Int(descriptor)].isEmpty {
                // An idle connection has something to say, most likely its end. Whoever uses it next will see.
                control(EPOLL_CTL_DEL, descriptor, [])
                registered[Int(descriptor)] = nil
            } else {
                body(descriptor, Self.readiness(event.events))
            }
        }
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ readiness: Readiness) {
        var event = epoll_event()
        if readiness.contains(.reading) { event.events |= EPOLLIN.rawValue }
        if readiness.contains(.writing) { event.events |= EPOLLOUT.rawValue }
        event.data.fd = descriptor
        epoll_ctl(epoll, operation, descriptor, &event)
    }

    private static func readiness(_ events: UInt32) -> Readiness {
        var readiness: Readiness = []
        if events & (EPOLLIN.rawValue | EPOLLHUP.rawValue) != 0 { readiness.insert(.reading) }
        if events & EPOLLOUT.rawValue != 0 { readiness.insert(.writing) }
        if events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { readiness.insert(.failed) }
        return readiness
    }
}
#endif
