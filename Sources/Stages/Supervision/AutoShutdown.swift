/// Whether a supervisor ends, normally, when significant children have ended by themselves and are not restarted.
public enum AutoShutdown: String, Sendable, Codable {
    /// It goes on, without any child if need be.
    case never
    /// It ends with the first of them.
    case anySignificant = "any_significant"
    /// It ends with the last of them.
    case allSignificant = "all_significant"
}
