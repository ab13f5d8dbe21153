import Foundation

/// Reads the head of an HTTP/1.1 request in place, without allocating: only what a sink has to know.
enum RequestScanner {
    enum Scan: Equatable {
        case incomplete
        case malformed
        case head(RequestHead)
    }

    struct RequestHead: Equatable {
        /// Bytes from the request line to the empty line, both included.
        var length: Int
        var contentLength: Int
        /// The `message-id` header; 0 when there is none.
        var messageID: UInt64
    }

    /// - Parameter bytes: the beginning of a request, with whatever of its body and of the next request is there.
    static func scan(_ bytes: UnsafeRawBufferPointer) -> Scan {
        guard let base = bytes.baseAddress else { return .incomplete }
        var head = RequestHead(length: 0, contentLength: 0, messageID: 0)
        var at = 0
        while at < bytes.count, let end = memchr(base + at, 0x0A, bytes.count - at) {
            let line = UnsafeRawBufferPointer(start: base + at, count: UnsafeRawPointer(end) - (base + at))
            let isFirst = at == 0
            at += line.count + 1
            if line.isEmpty || (line.count == 1 && line[0] == 0x0D) {
                guard !isFirst else { return .malformed }
                head.length = at
                return .head(head)
            }
            if let digits = value(of: "content-length:", in: line) {
                guard let length = number(digits), length <= UInt64(Int32.max) else { return .malformed }
                head.contentLength = Int(length)
            } else if let digits = value(of: "message-id:", in: line) {
                guard let id = number(digits) else { return .malformed }
                head.messageID = id
            } else if value(of: "transfer-encoding:", in: line) != nil {
                return .malformed
            }
        }
        return .incomplete
    }

    /// The decimal number at the beginning, after spaces; nil when there is none, or when it is too large.
    static func number(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
        var result: UInt64 = 0
        var digits = 0
        for byte in bytes {
            if byte == 0x20 && digits == 0 { continue }
            guard byte >= 0x30 && byte <= 0x39 else { break }
            let (product, overflow) = result.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(byte - 0x30))
            if overflow || carry { return nil }
            result = sum
            digits += 1
        }
        return digits > 0 ? result : nil
    }

    private static func value(of name: StaticString, in line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let length = name.utf8CodeUnitCount
        guard line.count > length, line[length - 1] == 0x3A, let base = line.baseAddress else { return nil }
        guard strncasecmp(base.assumingMemoryBound(to: CChar.self), name.cString, length) == 0 else { return nil }
        return UnsafeRawBufferPointer(rebasing: line[length...])
    }
}

extension StaticString {
    fileprivate var cString: UnsafePointer<CChar> {
        UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
