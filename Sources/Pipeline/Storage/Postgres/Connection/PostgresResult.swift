import CLibPQ

/// The rows that a statement answered, in the binary format.
// Sendable, because libpq never changes a result after it has handed it out: the functions called here only read it, and
// the pointer is freed when the last reference goes.
final class PostgresResult: @unchecked Sendable {
    private let result: OpaquePointer

    /// Takes over the result.
    init(_ result: OpaquePointer) {
        self.result = result
    }

    deinit {
        PQclear(result)
    }

    var count: Int { Int(PQntuples(result)) }

    var rows: some Collection<PostgresRow> {
        (0..<PQntuples(result)).lazy.map { PostgresRow(result: self, index: $0) }
    }

    var first: PostgresRow? { count > 0 ? PostgresRow(result: self, index: 0) : nil }

    func column(_ name: String) -> Int32 { PQfnumber(result, name) }

    func withBytes<Value>(row: Int32, column: Int32, _ body: (UnsafeRawBufferPointer?) -> Value) -> Value {
        guard PQgetisnull(result, row, column) == 0 else { return body(nil) }
        return body(
            UnsafeRawBufferPointer(
                start: PQgetvalue(result, row, column),
                count: Int(PQgetlength(result, row, column))
            )
        )
    }
}
