import CLibCurl
import Foundation

/// A keep-alive connection for one request at a time; blocks the calling thread. For what prepares a measurement and
/// checks it afterwards.
final class HTTPConnection {
    private let handle: UnsafeMutableRawPointer

    init() {
        handle = curl_easy_init()!
        curl_set_string(handle, CURLOPT_PROXY, "")
        curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        let pointer = Unmanaged.passUnretained(self).toOpaque()
        curl_set_pointer(handle, CURLOPT_WRITEDATA, pointer)
        curl_set_pointer(handle, CURLOPT_HEADERDATA, pointer)
        curl_set_data_function(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, pointer in
            let connection = Unmanaged<HTTPConnection>.fromOpaque(pointer!).takeUnretainedValue()
            connection.body.append(Data(bytes: bytes!, count: size * count))
            return size * count
        }
        curl_set_data_function(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, pointer in
            let connection = Unmanaged<HTTPConnection>.fromOpaque(pointer!).takeUnretainedValue()
            connection.head.append(Data(bytes: bytes!, count: size * count))
            return size * count
        }
    }

    deinit {
        curl_easy_cleanup(handle)
    }

    private var body = Data()
    private var head = Data()

    /// - Parameters:
    ///   - json: the body; nil sends none.
    ///   - timeout: milliseconds for all of it.
    /// - Throws: `BenchError.unexpectedAnswer` when there is no answer: then it is unknown whether it was received.
    func send(_ method: String, _ url: String, json: [UInt8]? = nil, timeout: Int = 10_000) throws -> HTTPAnswer {
        body = Data()
        head = Data()
        var headers = curl_slist_append(nil, "content-type: application/json")
        headers = curl_slist_append(headers, "expect:")
        defer { curl_slist_free_all(headers) }
        curl_set_string(handle, CURLOPT_URL, url)
        curl_set_long(handle, CURLOPT_TIMEOUT_MS, timeout)
        curl_set_pointer(handle, CURLOPT_HTTPHEADER, headers)
        let code = (json ?? []).withUnsafeBytes { bytes in
            if json != nil {
                curl_set_long(handle, CURLOPT_POST, 1)
                curl_set_pointer(handle, CURLOPT_POSTFIELDS, bytes.baseAddress ?? UnsafeRawPointer(handle))
                curl_set_large(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
            } else {
                curl_set_long(handle, CURLOPT_HTTPGET, 1)
            }
            curl_set_string(handle, CURLOPT_CUSTOMREQUEST, method)
            return curl_easy_perform(handle)
        }
        guard code == CURLE_OK else {
            throw BenchError.unexpectedAnswer("\(method) \(url)", String(cString: curl_easy_strerror(code)))
        }
        var status = 0
        curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return HTTPAnswer(status: status, head: String(decoding: head, as: UTF8.self), body: body)
    }

    /// The members of `data` of a JSON answer.
    /// - Throws: `BenchError.unexpectedAnswer` for any other status.
    func data(_ method: String, _ url: String, json: String? = nil, expecting status: Int) throws -> [String: Any] {
        let answer = try send(method, url, json: json.map { Array($0.utf8) })
        guard answer.status == status, let data = answer.json["data"] as? [String: Any] else {
            let text = String(decoding: answer.body.prefix(300), as: UTF8.self)
            throw BenchError.unexpectedAnswer("\(method) \(url)", "\(answer.status) \(text)")
        }
        return data
    }
}
