/// Rows for a COPY, in its binary format.
///
/// A signature, flags and the length of an extension; then each row with the number of its columns, and each value with
/// its length; then -1. See "COPY" in PostgreSQL's documentation.
struct PostgresCopy: Sendable {
    /// As it stands in error messages.
    let name: String
    /// `COPY … FROM STDIN (FORMAT binary)`
    let sql: String
    private var rows: [UInt8]

    init(_ name: String, _ sql: String) {
        self.name = name
        self.sql = sql
        rows = Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00]
        rows.appendBigEndian(Int32(0))
        rows.appendBigEndian(Int32(0))
    }

    mutating func add(_ values: PostgresParameter...) {
        rows.appendBigEndian(Int16(values.count))
        for value in values {
            rows.appendBigEndian(Int32(value.bytes?.count ?? -1))
            rows.append(contentsOf: value.bytes ?? [])
        }
    }

    /// All of it, to its end.
    var bytes: [UInt8] {
        var bytes = rows
        bytes.appendBigEndian(Int16(-1))
        return bytes
    }
}
