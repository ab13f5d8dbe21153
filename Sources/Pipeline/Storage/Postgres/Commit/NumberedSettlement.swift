/// A settlement with the number that its notices are found by when the answer was lost.
struct NumberedSettlement: Sendable {
    var settlement: Settlement
    var receipt: Int64
}
