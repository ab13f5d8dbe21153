import CLibCurl
import Foundation

/// One libcurl transfer that is used over and over, with its own copy of the request.
final class LoadConnection {
    let handle: UnsafeMutableRawPointer
    private(set) var number: UInt64 = 0
    private let startDigits: UnsafeMutableBufferPointer<UInt8>
    private let body: UnsafeMutableBufferPointer<UInt8>
    private var headers: UnsafeMutablePointer<curl_slist>?
    /// The digits inside the header line that carries the number.
    private var numberDigits: UnsafeMutableBufferPointer<UInt8>?
    private var response: [UInt8] = []

    init(_ request: LoadRequest) {
        handle = curl_easy_init()!
        body = .allocate(capacity: request.body.count)
        _ = body.initialize(from: request.body)
        startDigits = UnsafeMutableBufferPointer(rebasing: body[request.startDigits])
        // Without this libcurl asks before it sends a large body, and waits for the answer.
        for header in request.headers + ["expect:"] { headers = curl_slist_append(headers, header) }
        if let name = request.numberHeader {
            let line = "\(name): " + String(repeating: "0", count: Payload.digits)
            headers = curl_slist_append(headers, line)
            var last = headers!
            while let next = last.pointee.next { last = next }
            // libcurl reads the list anew at each transfer, so the number can be written in its place.
            last.pointee.data.withMemoryRebound(to: UInt8.self, capacity: line.utf8.count) { bytes in
                let start = bytes + line.utf8.count - Payload.digits
                numberDigits = UnsafeMutableBufferPointer(start: start, count: Payload.digits)
            }
        }
        curl_set_string(handle, CURLOPT_URL, request.url)
        curl_set_string(handle, CURLOPT_PROXY, "")
        curl_set_long(handle, CURLOPT_POST, 1)
        curl_set_pointer(handle, CURLOPT_POSTFIELDS, body.baseAddress)
        curl_set_large(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
        curl_set_pointer(handle, CURLOPT_HTTPHEADER, headers)
        curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        curl_set_long(handle, CURLOPT_TIMEOUT_MS, 60_000)
        let pointer = Unmanaged.passUnretained(self).toOpaque()
        curl_set_pointer(handle, CURLOPT_PRIVATE, pointer)
        curl_set_pointer(handle, CURLOPT_WRITEDATA, pointer)
        curl_set_data_function(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, pointer in
            let connection = Unmanaged<LoadConnection>.fromOpaque(pointer!).takeUnretainedValue()
            connection.response.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: size * count))
            return size * count
        }
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headers)
        body.deallocate()
    }

    /// Makes the transfer carry another request.
    func prepare(number: UInt64, start: UInt64) {
        self.number = number
        response.removeAll(keepingCapacity: true)
        Payload.write(start, into: startDigits)
        if let numberDigits { Payload.write(number, into: numberDigits) }
    }

    /// What became of the transfer; `body` is for the time of the call.
    func answer<Result>(_ code: CURLcode, _ use: (LoadAnswer) -> Result) -> Result {
        var status = 0
        curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        let failure = code == CURLE_OK ? nil : String(cString: curl_easy_strerror(code))
        return response.withUnsafeBytes {
            use(LoadAnswer(number: number, status: failure == nil ? status : 0, failure: failure, body: $0))
        }
    }

    static func of(_ handle: UnsafeMutableRawPointer) -> LoadConnection {
        var pointer: UnsafeMutableRawPointer?
        curl_get_pointer(handle, CURLINFO_PRIVATE, &pointer)
        return Unmanaged<LoadConnection>.fromOpaque(pointer!).takeUnretainedValue()
    }
}
