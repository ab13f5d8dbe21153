extension SupervisorSnapshot {
    /// The tree for people to read, a line for each member, as `pstree` draws processes:
    ///
    /// ```
    /// shop (rest_for_one): running
    /// ├─ orders (producer): running, demand 0, out 120, waits for demand of prices since 2 s
    /// └─ prices (consumer): running, in flight 10, in 120, waits for its handler since 2 s
    /// ```
    ///
    /// - Parameter now: What durations are reckoned to.
    public func text(at now: Timestamp = .now()) -> String {
        var lines = [line(at: now)]
        appendChildren(to: &lines, indent: "", now)
        return lines.joined(separator: "\n")
    }

    private func appendChildren(to lines: inout [String], indent: String, _ now: Timestamp) {
        for (index, child) in children.enumerated() {
            let isLast = index == children.count - 1
            let prefix = indent + (isLast ? "└─ " : "├─ ")
            switch child {
            case .stage(let stage):
                lines.append(prefix + stage.line(at: now))
            case .supervisor(let supervisor):
                lines.append(prefix + supervisor.line(at: now))
                supervisor.appendChildren(to: &lines, indent: indent + (isLast ? "   " : "│  "), now)
            }
        }
    }

    private func line(at now: Timestamp) -> String {
        var parts = ["\(id) (\(strategy.rawValue)): \(state.words)"]
        parts += restartParts(restarts, lastFailure, nextStart, now)
        return parts.joined(separator: ", ")
    }
}

extension StageSnapshot {
    fileprivate func line(at now: Timestamp) -> String {
        var parts = ["\(name) (\(kind.rawValue)): \(state.words)"]
        if kind == .producer || kind == .producerConsumer { parts.append("demand \(demand)") }
        if buffered > 0 { parts.append("buffered \(buffered)") }
        if inFlight > 0 { parts.append("in flight \(inFlight)") }
        if kind == .consumer || kind == .producerConsumer { parts.append("in \(eventsIn)") }
        if kind == .producer || kind == .producerConsumer { parts.append("out \(eventsOut)") }
        if dropped > 0 { parts.append("dropped \(dropped)") }
        parts += restartParts(restarts, lastFailure, nextStart, now)
        if let waits { parts.append(waits.words(at: now)) }
        return parts.joined(separator: ", ")
    }
}

extension WaitSnapshot {
    fileprivate func words(at now: Timestamp) -> String {
        let names = stages.joined(separator: " and ")
        let what =
            switch kind {
            case .events: "waits for events of \(names)"
            case .demand: "waits for demand of \(names)"
            case .handler: "waits for its handler"
            case .subscription: "waits for a subscription"
            }
        return what + (since.map { " since \(age(of: $0, at: now))" } ?? "")
    }
}

extension StageState {
    fileprivate var words: String { self == .backingOff ? "backing off" : rawValue }
}

private func restartParts(
    _ restarts: Int,
    _ failure: FailureSnapshot?,
    _ nextStart: Timestamp?,
    _ now: Timestamp
) -> [String] {
    var parts: [String] = []
    if let nextStart { parts.append("starts again in \(age(of: now, at: nextStart))") }
    if restarts > 0 { parts.append("restarts \(restarts)") }
    if let failure { parts.append("last failure of \(failure.child): \(failure.error)") }
    return parts
}

private func age(of time: Timestamp, at now: Timestamp) -> String {
    let seconds = max(0, now.secondsSince1970 - time.secondsSince1970)
    return seconds < 10 ? "\((seconds * 10).rounded() / 10) s" : "\(Int(seconds)) s"
}
