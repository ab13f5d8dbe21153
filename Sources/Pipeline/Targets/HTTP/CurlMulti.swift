internal import CLibCurl

/// libcurl's multi handle, driven by the readiness of its sockets and one timer.
final class CurlMulti {
    /// When `fireTimer` is to be called; nil: not at all.
    private(set) var deadline: ContinuousClock.Instant?
    private let handle: UnsafeMutableRawPointer
    private let poller: any SocketPoller

    /// - Parameter maximumConnections: how many connections are kept, those in use included.
    init(poller: any SocketPoller, maximumConnections: Int) {
        self.poller = poller
        handle = curl_multi_init()!
        let context = Unmanaged.passUnretained(self).toOpaque()
        curl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, maximumConnections)
        // One exchange a connection, with HTTP/2 too: where exchanges shared one, libcurl 7.88 lost or stalled up to a
        // hundred of them each time a target ended the connection (GOAWAY), and was no faster.
        curl_multi_set_long(handle, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
        curl_multi_set_pointer(handle, CURLMOPT_SOCKETDATA, context)
        curl_multi_set_pointer(handle, CURLMOPT_TIMERDATA, context)
        curl_multi_set_socket_function(handle) { _, socket, what, context, _ in
            CurlMulti.from(context).watch(socket, what)
            return 0
        }
        curl_multi_set_timer_function(handle) { _, milliseconds, context in
            CurlMulti.from(context).setDeadline(in: milliseconds)
            return 0
        }
    }

    /// Closes all connections. Every easy handle must have been removed.
    deinit {
        curl_multi_set_socket_function(handle, nil)
        curl_multi_set_timer_function(handle, nil)
        curl_multi_cleanup(handle)
    }

    /// Has the transfer begin at the next `fireTimer`, which is due at once.
    func add(_ easy: CurlEasy) {
        curl_multi_add_handle(handle, easy.handle)
    }

    /// Ends the transfer if it is still under way, and with it its connection.
    func remove(_ easy: CurlEasy) {
        curl_multi_remove_handle(handle, easy.handle)
    }

    func fireTimer() {
        var running: Int32 = 0
        curl_multi_socket_action(handle, -1, 0, &running)
        // libcurl does not repeat a time that it has named already, should we have come too early for it.
        var milliseconds = 0
        curl_multi_timeout(handle, &milliseconds)
        setDeadline(in: milliseconds)
    }

    func socket(_ socket: Int32, isReadyFor readiness: Readiness) {
        var events: Int32 = 0
        if readiness.contains(.reading) { events |= CURL_CSELECT_IN }
        if readiness.contains(.writing) { events |= CURL_CSELECT_OUT }
        if readiness.contains(.failed) { events |= CURL_CSELECT_ERR }
        var running: Int32 = 0
        curl_multi_socket_action(handle, socket, events, &running)
    }

    /// The `CURLOPT_PRIVATE` of a transfer that is over, and how it ended.
    func nextCompletion() -> (context: UnsafeMutableRawPointer, code: CURLcode)? {
        var left: Int32 = 0
        while let message = curl_multi_info_read(handle, &left) {
            guard message.pointee.msg == CURLMSG_DONE else { continue }
            var context: UnsafeMutableRawPointer?
            curl_get_pointer(message.pointee.easy_handle, CURLINFO_PRIVATE, &context)
            if let context { return (context, curl_message_result(message)) }
        }
        return nil
    }

    private func watch(_ socket: Int32, _ what: Int32) {
        switch what {
        case CURL_POLL_IN: poller.watch(socket, for: .reading)
        case CURL_POLL_OUT: poller.watch(socket, for: .writing)
        case CURL_POLL_INOUT: poller.watch(socket, for: [.reading, .writing])
        default: poller.watch(socket, for: [])
        }
    }

    private func setDeadline(in milliseconds: Int) {
        deadline = milliseconds < 0 ? nil : .now + .milliseconds(milliseconds)
    }

    /// The multi handle lives no longer than its owner, so neither does the pointer.
    private static func from(_ context: UnsafeMutableRawPointer?) -> CurlMulti {
        Unmanaged<CurlMulti>.fromOpaque(context!).takeUnretainedValue()
    }
}
