import Logging
import Stages

/// The first stage: what is waiting for this publisher, in order, as fast as it is asked for.
///
/// Three sources: parked messages that are due (at most half of what is asked for, so that neither they nor fresh
/// messages starve), what waits to be handed out again, and the log after the last position, from memory where possible.
/// The bytes of a message are reserved before it is read.
actor PendingMessages: Source {
    nonisolated let outlet = Outlet<PendingMessage>()
    private nonisolated let executor: TreeExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let state: TreeState
    private let resources: Resources
    private let wakeup: Wakeup
    /// Whose turn it is when what is asked for cannot be halved.
    private var isTurnOfParked = false
    /// The head up to which the store has been seen to hold nothing after the position.
    private var emptyUpTo: Int64 = -1

    init(state: TreeState, resources: Resources, wakeup: Wakeup, executor: TreeExecutor) {
        self.state = state
        self.resources = resources
        self.wakeup = wakeup
        self.executor = executor
    }

    /// Messages that one reading takes at most, however many are asked for: the store is asked in short statements.
    private static let slice = 500

    func next(upTo demand: Int) async throws -> [PendingMessage]? {
        let demand = min(demand, Self.slice)
        while !Task.isCancelled {
            switch state.readiness(limit: demand) {
            case .draining:
                return nil
            case .paused:
                await wakeup.wait()
            case .reading(let generation, let again, let position):
                let events = try await read(upTo: demand, generation: generation, again: again, position: position)
                state.wait(for: nil)
                if !events.isEmpty { return events }
                if state.isStale(generation) { continue }
                await wakeup.wait(atMost: untilNextDue(), clock: resources.world.clock)
            }
        }
        return nil
    }

    func drain() {
        state.drain()
        wakeup.ring()
    }

    private func read(
        upTo demand: Int,
        generation: Int,
        again: [Int64],
        position: Int64
    ) async throws -> [PendingMessage] {
        isTurnOfParked.toggle()
        let share = (demand + (isTurnOfParked ? 1 : 0)) / 2
        var events = try await parked(upTo: share, generation: generation, mayWait: true)
        if !again.isEmpty {
            events += try await handedBack(
                again,
                upTo: demand - events.count,
                generation: generation,
                mayWait: events.isEmpty
            )
        } else if events.count < demand {
            events += try await log(
                upTo: demand - events.count,
                after: position,
                generation: generation,
                mayWait: events.isEmpty
            )
        }
        if events.count < demand, events.isEmpty || events.last?.isParked == true {
            events += try await parked(upTo: demand - events.count, generation: generation, mayWait: false)
        }
        return events
    }

    // MARK: The log

    private func handedBack(
        _ ids: [Int64],
        upTo limit: Int,
        generation: Int,
        mayWait: Bool
    ) async throws -> [PendingMessage] {
        let entries = try await resources.store.entries(ids: ids)
        if entries.count < ids.count {
            let missing = ids.filter { id in !entries.contains { $0.id == id } }
            resources.logger.error(
                "Messages that wait for a publisher are not in the store: they count as discarded.",
                metadata: ["publisher": "\(state.id)", "messages": "\(missing)"]
            )
            try await resources.committer.settle(state.lose(missing))
        }
        return try await stored(entries.prefix(limit), again: true, generation: generation, mayWait: mayWait)
    }

    private func log(
        upTo limit: Int,
        after position: Int64,
        generation: Int,
        mayWait: Bool
    ) async throws -> [PendingMessage] {
        switch tail(upTo: limit, after: position, generation: generation) {
        case .nothing:
            return []
        case .messages(let messages):
            return messages
        case .stored(let head):
            guard head > emptyUpTo else { return [] }
            let entries = try await resources.store.entries(topicID: state.topicID, after: position, limit: limit)
            if entries.isEmpty { emptyUpTo = head }
            return try await stored(entries[...], again: false, generation: generation, mayWait: mayWait)
        }
    }

    private enum TailReading {
        case nothing
        case messages([PendingMessage])
        case stored(head: Int64)
    }

    /// What there is in memory and can be paid for at once. If that is nothing the store is to be asked, with room for
    /// the bytes first: messages that somebody waits with would be held beyond the tail, by each tree others.
    private func tail(upTo limit: Int, after position: Int64, generation: Int) -> TailReading {
        switch resources.tails.read(topicID: state.topicID, after: position, limit: limit) {
        case .nothing:
            return .nothing
        case .stored(let head):
            return .stored(head: head)
        case .messages(let messages):
            let reserved = take(messages, bytes: \.bytes)
            guard !reserved.isEmpty else { return .stored(head: messages.last?.id ?? position) }
            guard state.handOut(reserved.map(\.0.id), again: false, generation: generation) else {
                return .messages([])
            }
            return .messages(
                reserved.map { message, bytes in
                    PendingMessage(message: message, attempts: 0, isParked: false, generation: generation, bytes: bytes)
                }
            )
        }
    }

    private func stored(
        _ entries: ArraySlice<LogEntry>,
        again: Bool,
        generation: Int,
        mayWait: Bool
    ) async throws -> [PendingMessage] {
        let reserved = await reserve(entries, mayWait: mayWait)
        guard !reserved.isEmpty else { return [] }
        let messages = try await resources.store.messages(ids: reserved.map(\.0.id))
        guard messages.count == reserved.count,
            state.handOut(reserved.map(\.0.id), again: again, generation: generation)
        else { return [] }
        return zip(messages, reserved).map { message, reserved in
            PendingMessage(message: message, attempts: 0, isParked: false, generation: generation, bytes: reserved.1)
        }
    }

    // MARK: Parked messages

    private func parked(upTo limit: Int, generation: Int, mayWait: Bool) async throws -> [PendingMessage] {
        let (due, version) = state.nextDue
        let now = resources.world.now()
        guard limit > 0, let due, due <= now else { return [] }
        let flying = state.flying
        let rows = try await resources.store.parked(
            publisher: state.id,
            dueBy: now,
            after: nil,
            limit: limit + flying.count
        )
        let waiting = rows.filter { !flying.contains($0.messageID) }.prefix(limit)
        guard !waiting.isEmpty else {
            // What is under way is due as well: its outcome will say when to look again.
            let later = try await resources.store.parked(
                publisher: state.id,
                dueBy: .distantFuture,
                after: ParkedPosition(dueAt: now, messageID: .max),
                limit: 1
            )
            state.setNextDue(later.first?.dueAt, version: version)
            return []
        }
        let attempts = Dictionary(uniqueKeysWithValues: waiting.map { ($0.messageID, $0.attempts) })
        let entries = try await resources.store.entries(ids: waiting.map(\.messageID).sorted())
        let reserved = await reserve(entries, mayWait: mayWait)
        guard !reserved.isEmpty else { return [] }
        let ids = reserved.map(\.0.id)
        let messages = try await resources.store.messages(ids: ids)
        guard messages.count == ids.count, state.handOutParked(ids, generation: generation) else { return [] }
        return zip(messages, reserved).map { message, reserved in
            PendingMessage(
                message: message,
                attempts: attempts[message.id] ?? 0,
                isParked: true,
                generation: generation,
                bytes: reserved.1
            )
        }
    }

    private func untilNextDue() -> Duration? {
        state.nextDue.time.map { max(.milliseconds(1), $0.since(resources.world.now())) }
    }

    // MARK: Memory

    /// Reserves the bytes of as many as can be had at once; if that is none, waits for those of the first.
    private func reserve(_ entries: some Collection<LogEntry>, mayWait: Bool) async -> [(LogEntry, Reservation)] {
        let reserved = take(entries, bytes: \.bytes)
        guard reserved.isEmpty, mayWait, let first = entries.first else { return reserved }
        state.wait(for: Waiting(reason: "memory", since: resources.world.now()))
        guard let bytes = await resources.bytes.reserve(amount(first.bytes), for: state.id) else { return [] }
        return [(first, bytes)] + take(entries.dropFirst(), bytes: \.bytes)
    }

    private func take<Item>(_ items: some Collection<Item>, bytes: (Item) -> Int) -> [(Item, Reservation)] {
        var reserved: [(Item, Reservation)] = []
        reserved.reserveCapacity(items.count)
        for item in items {
            guard let reservation = resources.bytes.take(amount(bytes(item)), for: state.id) else { break }
            reserved.append((item, reservation))
        }
        return reserved
    }

    /// The payload, and the body that may be built of it.
    private func amount(_ bytes: Int) -> Int { bytes * 2 + 256 }
}
