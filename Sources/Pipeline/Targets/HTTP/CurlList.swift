internal import CLibCurl

/// A list of strings as libcurl takes them; freed with the last reference.
final class CurlList {
    private(set) var pointer: UnsafeMutablePointer<curl_slist>?

    init(_ strings: [String] = []) {
        for string in strings { append(string) }
    }

    deinit {
        curl_slist_free_all(pointer)
    }

    func append(_ string: String) {
        pointer = curl_slist_append(pointer, string)
    }
}
