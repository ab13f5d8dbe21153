import Foundation

/// Values of many parts that are only ever read and written whole: the stores keep them as JSON in a text column.
enum JSONText {
    /// - Returns: nil for nil, so that what is nearly always absent costs nothing.
    static func encode(_ value: (some Encodable)?) throws -> String? {
        guard let value else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// - Parameter column: for the error, which does not repeat the text: it may be a secret.
    /// - Throws: `StoreError.unusable` for a text that this version does not understand.
    static func decode<Value: Decodable>(_ text: String?, _ column: String) throws -> Value? {
        guard let text else { return nil }
        do {
            return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
        } catch {
            throw StoreError.unusable(reason: "what is stored as \(column) cannot be read by this version")
        }
    }
}
