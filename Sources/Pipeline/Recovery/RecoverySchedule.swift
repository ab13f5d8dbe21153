/// Which origins are asked next, as a value.
///
/// Origins that answered as they should when they were asked last have places of their own, and so have those that did
/// not: however many are silent, the others do not wait for them.
struct RecoverySchedule: Sendable {
    /// Of each kind, at a time.
    static let places = 8

    private var waiting: [Origin] = []
    private var running: Set<Origin> = []
    private var failing: Set<Origin> = []
    /// Those that took a place of the failing ones.
    private var asFailing: Set<Origin> = []
    private var used = (well: 0, failing: 0)

    /// A round begins: these are to be asked, in this order. Those that are being asked already are asked again in the
    /// next one.
    mutating func begin(_ origins: [Origin]) {
        waiting = origins.filter { !running.contains($0) }
        failing.formIntersection(origins)
    }

    /// - Returns: whom to ask now.
    mutating func next() -> [Origin] {
        var chosen: [Origin] = []
        waiting.removeAll { origin in
            let isFailing = failing.contains(origin)
            guard (isFailing ? used.failing : used.well) < Self.places else { return false }
            if isFailing { used.failing += 1 } else { used.well += 1 }
            chosen.append(origin)
            return true
        }
        running.formUnion(chosen)
        asFailing.formUnion(chosen.filter(failing.contains))
        return chosen
    }

    mutating func ended(_ origin: Origin, hasFailed: Bool) {
        guard running.remove(origin) != nil else { return }
        if asFailing.remove(origin) != nil { used.failing -= 1 } else { used.well -= 1 }
        if hasFailed { failing.insert(origin) } else { failing.remove(origin) }
    }
}
