/// A sender that keeps what it could not hand over, and where it lists it.
///
/// The protocol is that of the original's client: `GET` of the list, `DELETE` of `{list}{id}/` for what has been taken.
struct Origin: Sendable, Hashable, CustomStringConvertible {
    /// What it is known by: its URL without the slash at the end, so that both forms are one origin.
    let key: String
    /// As a topic spells it.
    let listing: String

    init(_ originHost: String) {
        let (path, query) = Self.split(originHost)
        key = path + query
        listing = originHost
    }

    static func == (left: Origin, right: Origin) -> Bool { left.key == right.key }

    func hash(into hasher: inout Hasher) {
        hasher.combine(key)
    }

    /// For people. A query may hold a credential.
    var description: String {
        let (path, query) = Self.split(key)
        return path + (query.isEmpty ? "" : "?…")
    }

    var endsWithSlash: Bool { listing.prefix { $0 != "?" && $0 != "#" }.hasSuffix("/") }

    /// - Parameters:
    ///   - limit: How many entries the origin may answer with; nil leaves that to it.
    ///   - addsSlash: whether the list is to be asked for with a slash at its end that the topic has not.
    func listing(limit: Int?, addsSlash: Bool) -> String {
        let (path, query) = Self.split(listing)
        let place = path + (endsWithSlash || addsSlash ? "/" : "")
        guard let limit else { return place + query }
        return place + query + (query.isEmpty ? "?" : "&") + "limit=\(limit)"
    }

    /// Where an entry is deleted.
    func entry(_ id: String) -> String {
        let (path, query) = Self.split(listing)
        return path + "/" + Self.encoded(id) + "/" + query
    }

    /// The URL up to its path, without slashes at the end, and its query. A fragment is no part of a request.
    private static func split(_ url: String) -> (path: String, query: String) {
        let request = url.prefix { $0 != "#" }
        var path = request.prefix { $0 != "?" }
        let query = request[path.endIndex...]
        while path.last == "/" { path.removeLast() }
        return (String(path), String(query))
    }

    /// As one segment of a path.
    private static func encoded(_ id: String) -> String {
        id.utf8.reduce(into: "") { text, byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                text += (byte < 0x10 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
}
