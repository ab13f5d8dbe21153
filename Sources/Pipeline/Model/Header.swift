/// A header that a client wants on each request of a publisher. May hold credentials.
package struct Header: Sendable, Equatable, Codable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
