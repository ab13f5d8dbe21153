/// One row of a result. Columns are read as what the statement says they are; a column that is not there is a mistake of
/// the program.
struct PostgresRow: Sendable {
    let result: PostgresResult
    let index: Int32

    /// Integers of two, four or eight bytes.
    func int(_ column: Int32) -> Int64? {
        result.withBytes(row: index, column: column) { bytes in
            guard let bytes else { return nil }
            return switch bytes.count {
            case 8: Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
            case 4: Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
            default: Int64(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
            }
        }
    }

    func bool(_ column: Int32) -> Bool {
        result.withBytes(row: index, column: column) { $0?.first == 1 }
    }

    func text(_ column: Int32) -> String? {
        result.withBytes(row: index, column: column) { $0.map { String(decoding: $0, as: UTF8.self) } }
    }

    func bytes(_ column: Int32) -> [UInt8] {
        result.withBytes(row: index, column: column) { $0.map { [UInt8]($0) } ?? [] }
    }

    func int(_ column: Int32) -> Int64 { int(column) ?? 0 }
    func text(_ column: Int32) -> String { text(column) ?? "" }

    // By name, where speed is no matter.
    func int(_ name: String) -> Int64? { int(result.column(name)) }
    func int(_ name: String) -> Int64 { int(result.column(name)) ?? 0 }
    func int(_ name: String) -> Int { Int(int(name) as Int64) }
    func int(_ name: String) -> Int? { (int(name) as Int64?).map { Int($0) } }
    func bool(_ name: String) -> Bool { bool(result.column(name)) }
    func text(_ name: String) -> String? { text(result.column(name)) }
    func text(_ name: String) -> String { text(result.column(name)) ?? "" }
    func bytes(_ name: String) -> [UInt8] { bytes(result.column(name)) }
}
