/// Where the requests for one URL go: worked out once for many requests.
final class Destination {
    let url: TargetURL
    /// The address that the URL spells, when it is forbidden.
    let refusedAddress: IPAddress?
    /// URL of the proxy to go through.
    let proxy: String?
    /// The name to be looked up before a connection can be made; nil when that is spelled as an address.
    let name: String?
    private let port: Int
    private var pin: (addresses: [IPAddress], list: CurlList)?

    init(_ text: String, policy: AddressPolicy, proxy: Proxy?) throws(TargetURLError) {
        let url = try TargetURL(text)
        self.url = url
        refusedAddress = url.address.flatMap { policy.refuses($0) ? $0 : nil }
        let chosen = proxy.flatMap { $0.serves(url) ? $0 : nil }
        self.proxy = chosen?.text
        let first = chosen?.url ?? url
        name = first.address == nil ? first.host : nil
        port = first.port
    }

    /// What makes libcurl take these addresses for the name. It forgets them by itself (`+`).
    func pin(_ addresses: [IPAddress]) -> CurlList? {
        guard let name else { return nil }
        if let pin, pin.addresses == addresses { return pin.list }
        let words = addresses.map { $0.isIPv4 ? $0.description : "[\($0)]" }
        let list = CurlList(["+\(name):\(port):\(words.joined(separator: ","))"])
        pin = (addresses, list)
        return list
    }
}
