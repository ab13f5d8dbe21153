import Stages

extension Supervisor {
    /// The stages among its children.
    var stages: [StageSnapshot] {
        snapshot().children.compactMap { child in
            if case .stage(let stage) = child { stage } else { nil }
        }
    }

    var states: [String: StageState] {
        Dictionary(uniqueKeysWithValues: stages.map { ($0.name, $0.state) })
    }
}
