/// How many ids there are of some kind, and the first few of them.
struct IDSample: Codable, Equatable, CustomStringConvertible {
    private(set) var count = 0
    private(set) var first: [Int] = []

    mutating func add(_ id: Int) {
        count += 1
        if first.count < 10 { first.append(id) }
    }

    var isEmpty: Bool { count == 0 }

    var description: String {
        "\(count) (\(first.map(String.init).joined(separator: ", "))\(count > first.count ? ", …" : ""))"
    }
}
