/// The binary format of one-dimensional arrays: dimensions, whether there are nulls, the element's type, length, lower
/// bound; then each element with its length before it. All numbers big-endian.
enum PostgresArray {
    /// Object ids of the built-in types that we send arrays of.
    enum ElementType: Int32 {
        case bytea = 17
        case int8 = 20
        case text = 25
    }

    /// - Parameter bytes: What an element takes on average, to reserve room.
    static func encode<Element>(
        _ elements: some Collection<Element>,
        type: ElementType,
        bytes: Int,
        _ append: (inout [UInt8], Element) -> Void
    ) -> [UInt8] {
        encode(optionals: elements.lazy.map(Optional.some), type: type, bytes: bytes, append)
    }

    static func encode<Element>(
        optionals elements: some Collection<Element?>,
        type: ElementType,
        bytes: Int,
        _ append: (inout [UInt8], Element) -> Void
    ) -> [UInt8] {
        self.bytes(20 + elements.count * (bytes + 4)) { array in
            array.appendBigEndian(Int32(elements.isEmpty ? 0 : 1))
            array.appendBigEndian(Int32(1))
            array.appendBigEndian(type.rawValue)
            guard !elements.isEmpty else { return }
            array.appendBigEndian(Int32(elements.count))
            array.appendBigEndian(Int32(1))
            for element in elements {
                guard let element else {
                    array.appendBigEndian(Int32(-1))
                    continue
                }
                let start = array.count
                array.appendBigEndian(Int32(0))
                append(&array, element)
                array.replace(at: start, with: Int32(array.count - start - 4))
            }
        }
    }

    static func bytes(_ capacity: Int, _ fill: (inout [UInt8]) -> Void) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(capacity)
        fill(&bytes)
        return bytes
    }
}

extension [UInt8] {
    mutating func appendBigEndian(_ number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func replace(at index: Int, with number: Int32) {
        Swift.withUnsafeBytes(of: number.bigEndian) { bytes in
            for offset in bytes.indices { self[index + offset] = bytes[offset] }
        }
    }
}
