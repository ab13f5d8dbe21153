import Pipeline

/// I3: a publisher's record never goes back: not its cursor, its epoch or its counts, and what has left stays so.
struct ProgressRule: HistoryRule {
    private(set) var violations: [Violation] = []
    private var last: [Int64: Progress] = [:]

    mutating func see(_ event: History.Event) {
        guard case .observed(let publisher, let stored) = event else { return }
        observed(publisher, stored.progress)
    }

    mutating func finish(_ final: History.Final?) {
        guard let final else { return }
        for (publisher, record) in final.records.sorted(by: { $0.key < $1.key }) {
            observed(publisher, record.stored.progress)
        }
    }

    private mutating func observed(_ publisher: Int64, _ progress: Progress) {
        defer { last[publisher] = progress }
        if progress.holes != Set(progress.holes).sorted() || (progress.holes.last ?? 0) > progress.high {
            report(publisher, "has holes that are not in order below \(progress.high)")
        }
        guard let previous = last[publisher] else { return }
        if progress.epoch < previous.epoch {
            report(publisher, "went back from epoch \(previous.epoch) to \(progress.epoch)")
        }
        if progress.cursor < previous.cursor {
            report(publisher, "went back from cursor \(previous.cursor) to \(progress.cursor)")
        }
        if progress.high < previous.high {
            report(publisher, "went back from \(previous.high) to \(progress.high)")
        }
        if progress.leftCount < previous.leftCount {
            report(publisher, "counted \(previous.leftCount) messages that had left, and then \(progress.leftCount)")
        }
        let holes = Set(previous.holes)
        for hole in progress.holes where hole <= previous.high && !holes.contains(hole) {
            report(publisher, "has message \(hole) waiting again, which had left")
        }
    }

    private mutating func report(_ publisher: Int64, _ sentence: String) {
        violations.append(
            Violation(invariant: .i3, sentence: "the progress of publisher \(publisher) \(sentence)")
        )
    }
}
