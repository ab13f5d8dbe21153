/// What kind of value a JSON text, or a part of it, is.
package enum JSONKind: Sendable, Equatable {
    case object
    case array
    case string
    case number
    case bool
    case null
}
