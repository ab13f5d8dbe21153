/// Stands for a message's bytes in a history: FNV-1a of 64 bits (Fowler, Noll, Vo), and their number.
package struct PayloadDigest: Sendable, Hashable, CustomStringConvertible {
    private let hash: UInt64
    private let count: Int

    package init(_ bytes: some Collection<UInt8>) {
        hash = bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        count = bytes.count
    }

    package var description: String { "\(count) bytes (\(String(hash, radix: 16)))" }
}
