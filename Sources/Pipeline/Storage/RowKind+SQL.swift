extension RowKind {
    /// A condition on rows of `parked`, to stand behind others.
    var condition: String {
        switch self {
        case .parked: "AND died_at IS NULL"
        case .failed: "AND died_at IS NULL AND cause = 'target'"
        case .dead: "AND died_at IS NOT NULL"
        case .any: ""
        }
    }
}
