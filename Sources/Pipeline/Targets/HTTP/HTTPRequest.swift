/// One POST to be made.
package struct HTTPRequest: Sendable {
    /// An absolute http or https URL.
    package var url: String
    /// Sent in this order, as they are. A name or value with a line break or a NUL in it fails the exchange.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// For the whole exchange, from the submission to the last byte of the response.
    package var timeout: Duration
    /// So many bytes of the response's body are kept.
    package var keptBytes = 1_024

    package init(url: String, headers: [(name: String, value: String)] = [], body: [UInt8], timeout: Duration) {
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }
}
