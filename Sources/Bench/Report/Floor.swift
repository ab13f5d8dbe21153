/// What a figure must reach, on any machine: parts of a yardstick of the same run, and times a user would not notice.
struct Floor {
    enum Bound {
        case ratioAtLeast(Double)
        case valueBelow(Double)
    }

    var figure: String
    var bound: Bound

    static let all = [
        Floor(figure: "deliver", bound: .ratioAtLeast(0.3)),
        Floor(figure: "ingest", bound: .ratioAtLeast(0.5)),
        Floor(figure: "latency_p50_ms", bound: .valueBelow(5)),
        Floor(figure: "latency_p99_ms", bound: .valueBelow(25)),
        // The aims are 0.97 beside one black hole, 0.9 of a deep backlog and 1 beside parked rows. Turns of a busy machine
        // differ by a quarter, so a run of this length cannot tell as much: these floors catch only what is gross.
        Floor(figure: "hole", bound: .ratioAtLeast(0.9)),
        Floor(figure: "hole_circuit", bound: .ratioAtLeast(0.9)),
        Floor(figure: "holes", bound: .ratioAtLeast(0.85)),
        Floor(figure: "holes_circuit", bound: .ratioAtLeast(0.85)),
        Floor(figure: "backlog_drain", bound: .ratioAtLeast(0.85)),
        Floor(figure: "parked_deliver", bound: .ratioAtLeast(0.9)),
        Floor(figure: "trees_start_ms", bound: .valueBelow(1000)),
        Floor(figure: "trees_stop_ms", bound: .valueBelow(1000)),
        Floor(figure: "tree_bytes", bound: .valueBelow(24_000)),
    ]

    func holds(for figure: Figure) -> Bool {
        switch bound {
        case .ratioAtLeast(let floor): figure.ratio >= floor
        case .valueBelow(let limit): figure.value < limit
        }
    }

    /// One line, as `PASS deliver: 0.41 of raw libcurl loop (at least 0.3)`.
    func line(for figure: Figure) -> String {
        let verdict = holds(for: figure) ? "PASS" : "FAIL"
        switch bound {
        case .ratioAtLeast(let floor):
            return "\(verdict) \(figure.name): \(figure.ratio) of \(figure.yardstick.name) (at least \(floor))"
        case .valueBelow(let limit):
            return "\(verdict) \(figure.name): \(figure.value) \(figure.unit) (below \(limit))"
        }
    }
}
