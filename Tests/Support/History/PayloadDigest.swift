/// Stands for a message's bytes in a history: a hash after FNV-1a (Fowler, Noll, Vo), eight bytes a step, and their number.
package struct PayloadDigest: Sendable, Hashable, CustomStringConvertible {
    private let hash: UInt64
    private let count: Int

    package init(_ bytes: some Collection<UInt8>) {
        hash =
            bytes.withContiguousStorageIfAvailable(Self.digest) ?? Array(bytes).withUnsafeBufferPointer(Self.digest)
        count = bytes.count
    }

    /// A test hashes megabytes in a debug build: whole words, and no iterator.
    private static func digest(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        let raw = UnsafeRawBufferPointer(bytes)
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var index = 0
        while index + 8 <= raw.count {
            hash = (hash ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)) &* 0x0000_0100_0000_01B3
            // A multiplication carries upwards only.
            hash ^= hash >> 32
            index += 8
        }
        while index < raw.count {
            hash = (hash ^ UInt64(raw[index])) &* 0x0000_0100_0000_01B3
            index += 1
        }
        return hash
    }

    package var description: String { "\(count) bytes (\(String(hash, radix: 16)))" }
}
