/// A running child, as its supervisor sees it.
struct Child: Sendable {
    typealias Run = @Sendable (_ ready: @escaping @Sendable () -> Void) async throws -> Void

    /// The running phase: returns on a normal end or cancellation, throws on failure. Calls `ready` when the child after
    /// it may start.
    let run: Run
    /// Asks the child to end gently, within a time.
    let drain: @Sendable (_ timeLeft: Duration) async -> Void
    /// Makes the stage at the end of the path fail. `false`: there is none.
    let crash: @Sendable (_ path: ArraySlice<String>, any Error) -> Bool
    let inspect: @Sendable () -> Inspection

    /// What a look at the child finds.
    enum Inspection {
        case stage(StageReading)
        case supervisor(SupervisorSnapshot)
        case nothing
    }
}
