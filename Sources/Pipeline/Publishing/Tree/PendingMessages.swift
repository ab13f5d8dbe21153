import Logging
import Stages

/// The first stage: what is waiting for this publisher, in order, as fast as it is asked for.
///
/// Three sources: rows that are due, the range that is delivered once more, and the log, from memory where possible. Each
/// that has something gets an equal share of what is asked for, what one does not use goes to the others, and what cannot
/// be shared goes to each in turn: so neither fresh messages nor old ones starve. The bytes of a message are reserved
/// before it is read.
actor PendingMessages: Source {
    nonisolated let outlet = Outlet<PendingMessage>()
    private nonisolated let executor: TreeExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    let state: TreeState
    let resources: Resources
    private let wakeup: Wakeup
    /// Whose turn it is when what is asked for cannot be shared.
    private var turn = 0
    /// What came before this stage is read from the store, which knows what has been removed.
    let tailStart: Int64
    /// The head up to which the store has been seen to hold nothing after the position.
    var emptyUpTo: Int64 = -1

    init(state: TreeState, resources: Resources, wakeup: Wakeup, executor: TreeExecutor) {
        self.state = state
        self.resources = resources
        tailStart = resources.tails.head(topicID: state.topicID)
        self.wakeup = wakeup
        self.executor = executor
    }

    /// Messages that one reading takes at most, however many are asked for: the store is asked in short statements.
    static let slice = 500

    var now: Timestamp { resources.world.now() }

    func next(upTo demand: Int) async throws -> [PendingMessage]? {
        while !Task.isCancelled {
            let now = now
            let readiness = state.step { [resources] state in
                let limits = resources.limits(maxDemand: state.publisher.settings.maxDemand)
                let slice = state.takesBatches ? max(Self.slice, state.publisher.settings.chunkSize) : Self.slice
                return state.readiness(limit: min(demand, slice), limits, at: now)
            }
            switch readiness {
            case .draining:
                return nil
            case .paused:
                await wakeup.wait()
            case .waiting(let waiting, let until):
                await wait(for: waiting, until: until)
            case .releasing(let after):
                try await release(after: after)
            case .noticing:
                try await settle { [resources] in $0.noteOpen(resources.notices, at: now) }
            case .probing(let reading):
                if let events = try await probe(reading) { return events }
            case .reading(let reading):
                let events = try await read(reading)
                if events.count < reading.paced {
                    state.step { $0.givePaceBack(reading.paced - events.count, at: now) }
                }
                state.wait(for: nil, at: now)
                if !events.isEmpty { return events }
                if state.isStale(reading.generation) { continue }
                await wait(for: nil, until: state.nextDue.time)
            }
        }
        return nil
    }

    func drain() {
        state.step { $0.drain() }
        wakeup.ring()
    }

    func wait(for waiting: Waiting?, until: Timestamp?) async {
        if let waiting { state.wait(for: waiting, at: now) }
        await wakeup.wait(atMost: until.map { max(.milliseconds(1), $0.since(now)) }, clock: resources.world.clock)
        if waiting != nil { state.wait(for: nil, at: now) }
    }

    /// Enters a change and submits what it leads to, with nothing in between: records are absolute, so their order counts.
    func settle(_ body: (inout DeliveryState) -> Settlement?) async throws {
        guard let settlement = state.step(body) else { return }
        try await resources.committer.settle(settlement)
    }

    /// A slice of the rows that failed by the target's fault becomes due.
    private func release(after: Int64) async throws {
        let watch = state.step { $0.beginWatch() }
        defer { state.step { $0.endWatch(watch) } }
        let rows = try await resources.store.rows(.failed, publisher: state.id, after: after, limit: Self.slice)
        let now = now
        let last = rows.count < Self.slice ? nil : rows.last?.messageID
        try await settle { state in
            // It may have opened again meanwhile.
            if state.releaseAfter == after { state.releaseAfter = last }
            let (settlement, count) = state.makeDue(rows, watch, at: now)
            if count > 0 { state.due(at: now) }
            return settlement.due.isEmpty ? nil : settlement
        }
    }

    // MARK: Sharing

    private func read(_ reading: DeliveryState.Reading) async throws -> [PendingMessage] {
        if reading.isStrict { return try await readInOrder(reading) }
        turn += 1
        var sources: [Origin] = [.log]
        if isRowDue { sources.append(.rows) }
        if let replay = reading.replay, replay.hasMore { sources.append(.replay) }
        let share = reading.limit / sources.count
        let rest = reading.limit % sources.count
        var events: [PendingMessage] = []
        var unused = 0
        // Rows and the replay first: what they leave over is for the log.
        for (index, source) in sources.enumerated().reversed() {
            let extra = (index + turn) % sources.count < rest ? 1 : 0
            let limit = share + extra + unused
            let found = try await read(source, upTo: limit, reading, mayWait: events.isEmpty)
            unused = limit - found.count
            events += found
        }
        // Fresh messages are fewer than their share.
        for source in sources.dropFirst() where unused > 0 {
            let found = try await read(source, upTo: unused, reading, mayWait: events.isEmpty)
            unused -= found.count
            events += found
        }
        return events
    }

    /// What a reading can take from.
    enum Origin {
        case log
        case rows
        case replay
    }

    private var isRowDue: Bool { state.nextDue.time.map { $0 <= now } ?? false }

    private func read(
        _ source: Origin,
        upTo limit: Int,
        _ reading: DeliveryState.Reading,
        mayWait: Bool
    ) async throws -> [PendingMessage] {
        guard limit > 0 else { return [] }
        switch source {
        case .rows: return try await rows(upTo: limit, reading.generation, mayWait: mayWait)
        case .replay: return try await replay(upTo: limit, reading, mayWait: mayWait)
        case .log: return try await log(upTo: limit, reading, mayWait: mayWait)
        }
    }
}

extension DeliveryState.ReplayReading {
    var hasMore: Bool { !again.isEmpty || !isReadThrough }
}
