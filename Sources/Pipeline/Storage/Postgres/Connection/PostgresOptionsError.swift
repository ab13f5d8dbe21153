/// A database URL that libpq cannot read.
package struct PostgresOptionsError: Error, Equatable, CustomStringConvertible {
    /// The end of a sentence: "must be …". It holds nothing of the URL but the name of a parameter.
    package let description: String

    init(libpq message: String, url: String) {
        var rule = "must be a URL such as postgres://user:password@host:5432/name"
        // Other messages of libpq repeat the URL, and with it the password.
        let prefix = #"invalid URI query parameter: ""#
        // A "?" in a password that was not encoded would make a parameter of its end.
        if message.hasPrefix(prefix), !url.contains("@") || url.prefix(while: { $0 != "?" }).contains("@") {
            rule += #", without the parameter "\#(message.dropFirst(prefix.count).prefix { $0 != "\"" })""#
        }
        description = rule
    }
}
