import Testing

/// `#expect` for values that are awaited inside a closure: a `try` within the macro does not make the closure a throwing
/// one.
func expect<Value: Equatable>(
    _ value: Value,
    _ expected: Value,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(value == expected, sourceLocation: sourceLocation)
}
