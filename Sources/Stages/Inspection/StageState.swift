public enum StageState: String, Sendable, Codable {
    case waiting
    case starting
    case running
    case backingOff = "backing_off"
    case draining
    case stopping
    case ended
}
