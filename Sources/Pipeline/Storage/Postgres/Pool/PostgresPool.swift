import Synchronization

/// As many connections to one database as are needed at once, up to a bound.
final class PostgresPool: Sendable {
    private typealias Waiter = CheckedContinuation<Turn, any Error>
    private typealias Machine = PoolStateMachine<PostgresConnection, Waiter>

    private enum Turn {
        case use(PostgresConnection, Machine.Check)
        case open
    }

    private struct State {
        var machine: Machine
        var lastID = 0
        var closers: [CheckedContinuation<Void, Never>] = []

        mutating func takeClosers() -> [CheckedContinuation<Void, Never>] {
            guard machine.isDrained else { return [] }
            defer { closers = [] }
            return closers
        }
    }

    let options: PostgresOptions
    private let state: Mutex<State>

    init(_ options: PostgresOptions, capacity: Int) {
        self.options = options
        state = Mutex(State(machine: Machine(capacity: capacity)))
    }

    /// Lends a connection to `body`.
    ///
    /// - Parameter isCancellable: whether a cancelled task stops waiting for its turn. A write does not.
    /// - Throws: What `body` throws; `StoreError` when there is no connection to be had; `CancellationError`.
    func use<Value>(isCancellable: Bool, _ body: (PostgresConnection) async throws -> Value) async throws -> Value {
        let connection = try await acquire(isCancellable: isCancellable)
        do {
            let value = try await body(connection)
            release(connection)
            return value
        } catch {
            release(await connection.isOpen ? connection : nil)
            throw error
        }
    }

    /// Waits for everything that is under way. Afterwards nothing is to be had.
    func close() async {
        let (steps, connections) = state.withLock { $0.machine.close() }
        perform(steps)
        for connection in connections { await connection.close() }
        await withCheckedContinuation { closer in
            let isDrained = state.withLock { state in
                if !state.machine.isDrained { state.closers.append(closer) }
                return state.machine.isDrained
            }
            if isDrained { closer.resume() }
        }
    }

    // MARK: Connections

    private func acquire(isCancellable: Bool) async throws -> PostgresConnection {
        var turn = try await turn(isCancellable) { $0.acquire(id: $1, $2, at: .now) }
        while true {
            switch turn {
            case .open:
                return try await open()
            case .use(let connection, let check):
                if await passes(connection, check) { return connection }
                turn = try await self.turn(isCancellable) { $0.exchange(id: $1, $2, at: .now) }
            }
        }
    }

    private func passes(_ connection: PostgresConnection, _ check: Machine.Check) async -> Bool {
        switch check {
        case .none: true
        case .look: await connection.isOpen
        case .ask: await connection.isAnswered
        }
    }

    private func open() async throws -> PostgresConnection {
        do {
            let connection = try await PostgresConnection.open(options)
            change { $0.opened(at: .now) }
            return connection
        } catch {
            let failure = StoreError(postgres: error)
            change { $0.failed(failure, at: .now) }
            throw failure
        }
    }

    private func release(_ connection: PostgresConnection?) {
        change { $0.release(connection, at: .now) }
    }

    // MARK: Turns

    private func turn(
        _ isCancellable: Bool,
        _ ask: @Sendable (inout Machine, Int, Waiter) -> [Machine.Step]
    ) async throws -> Turn {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiter in
                change { ask(&$0, id, waiter) }
                // Before, the handler below had nothing to find.
                if Task.isCancelled { cancel(id, isCancellable) }
            }
        } onCancel: {
            cancel(id, isCancellable)
        }
    }

    private func cancel(_ id: Int, _ isCancellable: Bool) {
        guard isCancellable else { return }
        state.withLock { $0.machine.cancel(id: id) }?.resume(throwing: CancellationError())
    }

    private func change(_ body: (inout Machine) -> [Machine.Step]) {
        let (steps, closers) = state.withLock { state in (body(&state.machine), state.takeClosers()) }
        perform(steps)
        for closer in closers { closer.resume() }
    }

    private func perform(_ steps: [Machine.Step]) {
        for step in steps {
            switch step {
            case .lend(let waiter, let connection, let check): waiter.resume(returning: .use(connection, check))
            case .open(let waiter): waiter.resume(returning: .open)
            case .refuse(let waiter, let error): waiter.resume(throwing: error)
            }
        }
    }
}
