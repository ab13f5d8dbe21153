import Synchronization

/// As many connections to one database as are needed at once, up to a bound.
final class PostgresPool: Sendable {
    private typealias Waiter = CheckedContinuation<Turn, any Error>
    private typealias Machine = PoolStateMachine<PostgresConnection, Waiter>

    private enum Turn {
        case use(PostgresConnection, idle: Duration)
        case open
    }

    /// Connections that were idle for longer are looked at before they are lent: the server may have ended them.
    private static let trustedFor: Duration = .seconds(1)

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
        let (waiters, connections) = state.withLock { $0.machine.close() }
        for waiter in waiters { waiter.resume(throwing: Machine.closed) }
        for connection in connections { await connection.close() }
        await withCheckedContinuation { closer in
            let isDrained = state.withLock { state in
                if !state.machine.isDrained { state.closers.append(closer) }
                return state.machine.isDrained
            }
            if isDrained { closer.resume() }
        }
    }

    private func acquire(isCancellable: Bool) async throws -> PostgresConnection {
        while true {
            switch try await turn(isCancellable: isCancellable) {
            case .open:
                return try await open()
            case .use(let connection, let idle):
                if idle < Self.trustedFor { return connection }
                if await connection.isOpen { return connection }
                release(nil)
            }
        }
    }

    private func turn(isCancellable: Bool) async throws -> Turn {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiter in
                let answer = state.withLock { state -> Result<Turn, any Error>? in
                    if isCancellable, Task.isCancelled { return .failure(CancellationError()) }
                    switch state.machine.acquire(id: id, at: .now) {
                    case .use(let connection, let idle): return .success(.use(connection, idle: idle))
                    case .open: return .success(.open)
                    case .refuse(let error): return .failure(error)
                    case .wait:
                        state.machine.wait(id: id, waiter)
                        return nil
                    }
                }
                if let answer { waiter.resume(with: answer) }
            }
        } onCancel: {
            guard isCancellable else { return }
            state.withLock { $0.machine.cancel(id: id) }?.resume(throwing: CancellationError())
        }
    }

    private func open() async throws -> PostgresConnection {
        do {
            let connection = try await PostgresConnection.open(options)
            state.withLock { $0.machine.opened() }
            return connection
        } catch {
            let failure = StoreError(postgres: error)
            let (waiters, closers) = state.withLock { state in
                (state.machine.failed(failure, at: .now), state.takeClosers())
            }
            for waiter in waiters { waiter.resume(throwing: failure) }
            for closer in closers { closer.resume() }
            throw failure
        }
    }

    private func release(_ connection: PostgresConnection?) {
        let (handover, closers) = state.withLock { state in
            (state.machine.release(connection, at: .now), state.takeClosers())
        }
        switch handover {
        case .give(let waiter, let connection): waiter.resume(returning: .use(connection, idle: .zero))
        case .open(let waiter): waiter.resume(returning: .open)
        case .nothing: break
        }
        for closer in closers { closer.resume() }
    }
}
