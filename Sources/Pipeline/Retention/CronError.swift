/// Why a text is not a time table. Prints as the end of a sentence about it.
package enum CronError: Error, Sendable, Equatable, CustomStringConvertible {
    case fields(count: Int)
    case word(String)
    case field(CronField, String)
    /// As of 30 February.
    case never

    package var description: String {
        switch self {
        case .fields(let count):
            "must have five fields (minute, hour, day of month, month, day of week) and has \(count)"
        case .word(let word):
            "must not begin with \(word): the words are \(CronExpression.words.map(\.word).joined(separator: ", "))"
        case .field(let field, let text):
            "has \"\(text)\" as its \(field.name), which must be \(field.rule)"
        case .never:
            "names a day that never comes"
        }
    }
}
