/// A value in PostgreSQL's binary format, as the statement's casts say it is to be read.
struct PostgresParameter: Sendable {
    /// nil: NULL.
    let bytes: [UInt8]?

    private init(bytes: [UInt8]?) {
        self.bytes = bytes
    }

    static func int(_ value: Int64?) -> PostgresParameter {
        PostgresParameter(bytes: value.map { value in PostgresArray.bytes(8) { $0.appendBigEndian(value) } })
    }

    static func int(_ value: Int?) -> PostgresParameter { int(value.map(Int64.init)) }

    static func int32(_ value: Int32) -> PostgresParameter {
        PostgresParameter(bytes: PostgresArray.bytes(4) { $0.appendBigEndian(value) })
    }

    static func blob(_ value: [UInt8]) -> PostgresParameter { PostgresParameter(bytes: value) }

    static func bool(_ value: Bool) -> PostgresParameter { PostgresParameter(bytes: [value ? 1 : 0]) }

    /// PostgreSQL's text cannot hold the character zero: it is stored as the replacement character.
    static func text(_ value: String?) -> PostgresParameter {
        PostgresParameter(bytes: value.map { Array($0.withoutZero.utf8) })
    }

    static func ints(_ values: some Collection<Int64>) -> PostgresParameter {
        PostgresParameter(bytes: PostgresArray.encode(values, type: .int8, bytes: 8) { $0.appendBigEndian($1) })
    }

    static func ints(_ values: some Collection<Int64?>) -> PostgresParameter {
        PostgresParameter(
            bytes: PostgresArray.encode(optionals: values, type: .int8, bytes: 8) { $0.appendBigEndian($1) }
        )
    }

    static func texts(_ values: some Collection<String?>) -> PostgresParameter {
        PostgresParameter(
            bytes: PostgresArray.encode(optionals: values, type: .text, bytes: 32) {
                $0.append(contentsOf: $1.withoutZero.utf8)
            }
        )
    }

    static func blobs(_ values: some Collection<[UInt8]>) -> PostgresParameter {
        let longest = values.reduce(0) { $0 + $1.count } / max(1, values.count) + 1
        return PostgresParameter(
            bytes: PostgresArray.encode(values, type: .bytea, bytes: longest) { $0.append(contentsOf: $1) }
        )
    }
}

extension String {
    fileprivate var withoutZero: String {
        utf8.contains(0) ? String(String.UnicodeScalarView(unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 })) : self
    }
}
