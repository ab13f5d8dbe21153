/// A database URL that libpq cannot read.
package struct PostgresOptionsError: Error, Equatable, CustomStringConvertible {
    /// The end of a sentence: "must be …". It holds nothing of the URL but the name of a parameter.
    package let description: String

    init(libpq message: String, url: String) {
        var rule = "must be a URL such as postgres://user:password@host:5432/name"
        // Other messages of libpq repeat the URL, and with it the password.
        let prefix = #"invalid URI query parameter: ""#
        if message.hasPrefix(prefix) {
            rule += #", without the parameter "\#(message.dropFirst(prefix.count).prefix { $0 != "\"" })""#
        }
        description = rule
    }
}
