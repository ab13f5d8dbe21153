internal import CLibCurl

/// One of libcurl's easy handles.
final class CurlEasy {
    let handle: UnsafeMutableRawPointer
    /// libcurl writes here what went wrong.
    private let errorText: UnsafeMutablePointer<CChar>

    init() {
        handle = curl_easy_init()!
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText[0] = 0
        set(CURLOPT_ERRORBUFFER, errorText)
    }

    deinit {
        curl_easy_cleanup(handle)
        errorText.deallocate()
    }

    func set(_ option: CURLoption, _ value: Int) {
        curl_set_long(handle, option, value)
    }

    func set(_ option: CURLoption, large value: Int) {
        curl_set_large(handle, option, curl_off_t(value))
    }

    /// libcurl keeps a copy.
    func set(_ option: CURLoption, _ text: String?) {
        curl_set_string(handle, option, text)
    }

    /// libcurl keeps the pointer.
    func set(_ option: CURLoption, _ pointer: UnsafeRawPointer?) {
        curl_set_pointer(handle, option, pointer)
    }

    func long(_ info: CURLINFO) -> Int {
        var value = 0
        curl_get_long(handle, info, &value)
        return value
    }

    func large(_ info: CURLINFO) -> Int {
        var value: curl_off_t = 0
        curl_get_large(handle, info, &value)
        return Int(value)
    }

    func pointer(_ info: CURLINFO) -> UnsafeMutableRawPointer? {
        var value: UnsafeMutableRawPointer?
        curl_get_pointer(handle, info, &value)
        return value
    }

    /// What went wrong since `clearError`, in libcurl's words; empty when it said nothing.
    var errorMessage: String { String(cString: errorText) }

    func clearError() {
        errorText[0] = 0
    }
}
