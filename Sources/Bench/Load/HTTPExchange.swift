import CLibCurl
import Foundation

/// One request and its answer, for what prepares a measurement and checks it afterwards. Blocks the calling thread.
struct HTTPExchange {
    var status: Int
    var body: Data

    /// - Parameter json: the body; nil sends none.
    /// - Throws: `BenchError.unexpectedAnswer` when there is no answer.
    init(_ method: String, _ url: String, json: String? = nil) throws {
        let handle = curl_easy_init()!
        defer { curl_easy_cleanup(handle) }
        let headers = curl_slist_append(nil, "content-type: application/json")
        defer { curl_slist_free_all(headers) }
        curl_set_string(handle, CURLOPT_URL, url)
        curl_set_string(handle, CURLOPT_PROXY, "")
        curl_set_string(handle, CURLOPT_CUSTOMREQUEST, method)
        curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        curl_set_long(handle, CURLOPT_TIMEOUT_MS, 10_000)
        curl_set_pointer(handle, CURLOPT_HTTPHEADER, headers)
        if let json { curl_set_string(handle, CURLOPT_COPYPOSTFIELDS, json) }
        let received = Received()
        curl_set_pointer(handle, CURLOPT_WRITEDATA, Unmanaged.passUnretained(received).toOpaque())
        curl_set_data_function(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, pointer in
            Unmanaged<Received>.fromOpaque(pointer!).takeUnretainedValue().data.append(
                Data(bytes: bytes!, count: size * count)
            )
            return size * count
        }
        let code = withExtendedLifetime(received) { curl_easy_perform(handle) }
        guard code == CURLE_OK else {
            throw BenchError.unexpectedAnswer("\(method) \(url)", String(cString: curl_easy_strerror(code)))
        }
        status = 0
        curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        body = received.data
    }

    private final class Received {
        var data = Data()
    }

    /// The members of `data` of a JSON answer.
    /// - Throws: `BenchError.unexpectedAnswer` for any other status.
    static func data(
        _ method: String,
        _ url: String,
        json: String? = nil,
        expecting status: Int
    ) throws -> [String: Any] {
        let exchange = try HTTPExchange(method, url, json: json)
        let answer = try? JSONSerialization.jsonObject(with: exchange.body) as? [String: Any]
        guard exchange.status == status, let data = answer?["data"] as? [String: Any] else {
            let text = String(decoding: exchange.body.prefix(300), as: UTF8.self)
            throw BenchError.unexpectedAnswer("\(method) \(url)", "\(exchange.status) \(text)")
        }
        return data
    }
}
