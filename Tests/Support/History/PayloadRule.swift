/// I6: the payload's bytes arrive as they were accepted.
struct PayloadRule: HistoryRule {
    private(set) var violations: [Violation] = []
    private var offered: Set<PayloadDigest> = []
    private var accepted: [Int64: PayloadDigest] = [:]
    private var arrived: [(publisher: Int64, id: Int64, digest: PayloadDigest)] = []

    mutating func see(_ event: History.Event) {
        switch event {
        case .offered(_, let digest):
            offered.insert(digest)
        case .accepted(let id, _, let digest, _):
            accepted[id] = digest
        case .arrived(let publisher, let id, let digest, _, _):
            arrived.append((publisher, id, digest))
        default:
            break
        }
    }

    /// Judged at the end, since a message may arrive before its sender has read the answer.
    mutating func finish(_ final: History.Final?) {
        for arrival in arrived {
            if let digest = accepted[arrival.id] {
                if digest != arrival.digest {
                    violations.append(
                        Violation(
                            invariant: .i6,
                            sentence: "message \(arrival.id) was accepted as \(digest) and arrived as "
                                + "\(arrival.digest) at publisher \(arrival.publisher)"
                        )
                    )
                }
            } else if !offered.isEmpty, !offered.contains(arrival.digest) {
                violations.append(
                    Violation(
                        invariant: .i6,
                        sentence: "message \(arrival.id) arrived at publisher \(arrival.publisher), "
                            + "and nobody has sent its \(arrival.digest)"
                    )
                )
            }
        }
    }
}
