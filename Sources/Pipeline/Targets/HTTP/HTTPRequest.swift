/// One request to be made.
package struct HTTPRequest: Sendable {
    package enum Method: Sendable {
        case post
        /// Without a body.
        case get
        /// Without a body.
        case delete
    }

    package var method = Method.post
    /// An absolute http or https URL.
    package var url: String
    /// Sent in this order, as they are. A name or value with a line break or a NUL in it fails the exchange.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// For the whole exchange, from the submission to the last byte of the response.
    package var timeout: Duration
    /// So many bytes of the response's body are kept.
    package var keptBytes = 1_024
    /// So many are read: a response that is longer is cut off there.
    package var readBytes = 65_536

    /// A POST.
    package init(url: String, headers: [(name: String, value: String)] = [], body: [UInt8], timeout: Duration) {
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }

    /// A request without a body.
    ///
    /// - Parameter limit: So many bytes of the response are read and kept.
    package init(_ method: Method, url: String, timeout: Duration, limit: Int) {
        self.init(url: url, body: [], timeout: timeout)
        self.method = method
        keptBytes = limit
        readBytes = limit
    }
}
