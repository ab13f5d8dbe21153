/// Takes in a response, within bounds: what is needed of its head and the first bytes of its body.
struct ResponseReader {
    /// So much of a head is read.
    private static let headBytes = 65_536

    /// So much of a body is kept.
    private let keptBytes: Int
    /// So much of a body is read.
    private let readBytes: Int

    private(set) var retryAfter: String?
    private(set) var location: String?
    private(set) var body: [UInt8] = []
    private(set) var hasBegun = false
    /// More of a body was there than is read.
    private(set) var isCutOff = false
    private(set) var isHeadTooLong = false
    /// The empty line has been seen that ends the head of the response itself. libcurl takes a connection that is closed
    /// before for the end of a response without a body.
    private(set) var isHeadComplete = false
    private var isInterim = false
    private var headCount = 0
    private var bodyCount = 0

    init(keptBytes: Int = 1_024, readBytes: Int = 65_536) {
        self.keptBytes = keptBytes
        self.readBytes = readBytes
    }

    /// Takes one line of the head.
    /// - Returns: false when the transfer is to be ended.
    mutating func takeHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        hasBegun = true
        headCount += line.count
        if headCount > Self.headBytes {
            isHeadTooLong = true
            return false
        }
        // A status line: what an interim response said does not count.
        if line.starts(with: "HTTP/".utf8) {
            retryAfter = nil
            location = nil
            isHeadComplete = false
            isInterim = line.drop { $0 != 0x20 }.dropFirst().first == UInt8(ascii: "1")
        } else if line.first == 0x0D || line.first == 0x0A {
            isHeadComplete = !isInterim
        } else if let value = Self.value(of: "retry-after", in: line) {
            retryAfter = value
        } else if let value = Self.value(of: "location", in: line) {
            location = value
        }
        return true
    }

    /// Takes a piece of the body.
    /// - Returns: false when the transfer is to be ended.
    mutating func takeBody(_ piece: UnsafeRawBufferPointer) -> Bool {
        hasBegun = true
        bodyCount += piece.count
        body.append(contentsOf: piece.prefix(max(0, keptBytes - body.count)))
        isCutOff = bodyCount > readBytes
        return !isCutOff
    }

    private static func value(of name: StaticString, in line: UnsafeRawBufferPointer) -> String? {
        let length = name.utf8CodeUnitCount
        guard line.count > length, line[length] == UInt8(ascii: ":") else { return nil }
        for index in 0..<length where line[index] | 0x20 != name.utf8Start[index] | 0x20 { return nil }
        let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        var value = line[(length + 1)...].drop(while: isSpace)
        while let last = value.last, isSpace(last) { value.removeLast() }
        return String(decoding: value, as: UTF8.self)
    }
}
