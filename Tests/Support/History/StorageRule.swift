/// I1: an id that was answered with 201 is in the store, until the clean-up removes it.
struct StorageRule: HistoryRule {
    private(set) var violations: [Violation] = []
    private var accepted: [Int64: (topic: Int64, digest: PayloadDigest)] = [:]
    private var removed: Set<Int64> = []

    mutating func see(_ event: History.Event) {
        if case .removed(_, let id, _, _) = event { removed.insert(id) }
        guard case .accepted(let id, let topic, let digest, _) = event else { return }
        if accepted.updateValue((topic, digest), forKey: id) != nil {
            violations.append(Violation(invariant: .i1, sentence: "two messages were answered with the id \(id)"))
        }
    }

    mutating func finish(_ final: History.Final?) {
        guard let final else { return }
        for (id, message) in accepted.sorted(by: { $0.key < $1.key }) where !removed.contains(id) {
            guard let stored = final.logs[message.topic]?.messages[id] else {
                violations.append(
                    Violation(invariant: .i1, sentence: "message \(id) was answered with 201 and is not in the store")
                )
                continue
            }
            if stored != message.digest {
                violations.append(
                    Violation(
                        invariant: .i1,
                        sentence: "message \(id) was accepted as \(message.digest) and is stored as \(stored)"
                    )
                )
            }
        }
    }
}
