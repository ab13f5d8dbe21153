import CLibCurl
import Foundation

/// A raw libcurl multi loop: so many connections, each of which sends again as soon as it has been answered.
///
/// As close to C as Swift comes: it is the yardstick for deliveries and the load for the measurements of intake.
final class LoadLoop {
    private let multi: UnsafeMutableRawPointer
    private let connections: [LoadConnection]
    private var free: [LoadConnection]

    init(_ request: LoadRequest, connections count: Int) {
        multi = curl_multi_init()!
        curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, count)
        connections = (0..<count).map { _ in LoadConnection(request) }
        free = connections
    }

    deinit {
        curl_multi_cleanup(multi)
    }

    /// Runs a source to its end, on the calling thread.
    func run(_ source: inout some LoadSource) {
        var running: Int32 = 0
        var wake: UInt64?
        var finished = false
        while true {
            while !finished, let connection = free.last {
                switch source.next(at: MonotonicClock.now()) {
                case .send(let number, let start):
                    free.removeLast()
                    connection.prepare(number: number, start: start)
                    curl_multi_add_handle(multi, connection.handle)
                    wake = nil
                    continue
                case .wait(let until):
                    wake = until
                case .finished:
                    finished = true
                }
                break
            }
            curl_multi_perform(multi, &running)
            let answered = takeAnswers(&source)
            if finished && free.count == connections.count { return }
            if !answered { wait(until: finished || free.isEmpty ? nil : wake) }
        }
    }

    /// The same, on a thread of its own.
    static func run<Source: LoadSource & Sendable>(
        _ request: LoadRequest,
        connections: Int,
        _ source: Source
    ) async -> Source {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var source = source
                LoadLoop(request, connections: connections).run(&source)
                continuation.resume(returning: source)
            }
        }
    }

    private func takeAnswers(_ source: inout some LoadSource) -> Bool {
        var answered = false
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
            let code = message.pointee.data.result
            let connection = LoadConnection.of(handle)
            curl_multi_remove_handle(multi, handle)
            connection.answer(code) { source.answered($0) }
            free.append(connection)
            answered = true
        }
        return answered
    }

    private func wait(until: UInt64?) {
        var milliseconds: Int32 = 1000
        if let until {
            let now = MonotonicClock.now()
            let left = until > now ? until - now : 0
            if left < 1_000_000 {
                // libcurl waits whole milliseconds; the rest is slept in short steps, so that a start is not late.
                if left > 0 { usleep(UInt32(min(left / 1000, 100))) }
                milliseconds = 0
            } else {
                milliseconds = Int32(min(left / 1_000_000, 1000))
            }
        }
        curl_multi_poll(multi, nil, 0, milliseconds, nil)
    }
}
