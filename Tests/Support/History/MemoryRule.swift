/// I7: payload bytes held in memory stay within the budget.
struct MemoryRule: HistoryRule {
    private(set) var violations: [Violation] = []

    mutating func see(_ event: History.Event) {
        guard case .held(let bytes, let budget) = event, bytes > budget else { return }
        violations.append(
            Violation(invariant: .i7, sentence: "\(bytes) bytes were held in memory, and the budget is \(budget)")
        )
    }

    mutating func finish(_ final: History.Final?) {}
}
