/// Who is restarted when a child ends.
public enum RestartStrategy: String, Sendable, Codable {
    /// The child alone.
    case oneForOne = "one_for_one"
    /// All children: they end in reverse order and start in order.
    case oneForAll = "one_for_all"
    /// The child and those after it.
    case restForOne = "rest_for_one"
}
