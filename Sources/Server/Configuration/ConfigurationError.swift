/// A setting that cannot be used: names the variable, its value and what is allowed.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    var variable: String
    /// nil for secrets, which are not shown.
    var value: String?
    /// What the value would have to be, as the end of a sentence: "must be …".
    var rule: String

    var description: String {
        if let value { "\(variable) is \"\(value)\": it \(rule)" } else { "\(variable) is set: it \(rule)" }
    }
}
