import Stages
import StagesTesting

typealias ProbeProducer = StagesTesting.ProbeProducer<Int>
typealias ProbeConsumer = StagesTesting.ProbeConsumer<Int>

/// Counts up from zero for as long as it is asked, to `limit` if there is one.
actor Counter: Source {
    let outlet: Outlet<Int>
    let demands = Mailbox<Int>()
    let ends = Mailbox<EndReason>()
    private var last = 0
    private let limit: Int
    private let surplus: Int

    /// - Parameter surplus: How much more than asked for it makes.
    init(limit: Int = .max, surplus: Int = 0, _ outlet: Outlet<Int> = Outlet()) {
        self.limit = limit
        self.surplus = surplus
        self.outlet = outlet
    }

    func next(upTo demand: Int) -> [Int]? {
        guard last < limit else { return nil }
        demands.post(demand)
        let first = last
        last = min(limit, first + demand + surplus)
        return Array(first..<last)
    }

    func terminate(_ reason: EndReason) { ends.post(reason) }
}

/// Makes other events of those it gets, and reports what it got.
actor ProbeTransformer: ProducerConsumer {
    let inlet = Inlet<Int>()
    let outlet: Outlet<Int>
    let batches = Mailbox<[Int]>()
    let ends = Mailbox<EndReason>()
    private let transform: @Sendable ([Int]) async throws -> [Int]

    init(buffer: BufferPolicy = .standard, _ transform: @escaping @Sendable ([Int]) async throws -> [Int] = { $0 }) {
        outlet = Outlet(buffer: buffer)
        self.transform = transform
    }

    func handle(_ events: Events<Int>) async throws -> [Int] {
        batches.post(Array(events))
        return try await transform(Array(events))
    }

    func terminate(_ reason: EndReason) { ends.post(reason) }
}

/// Runs stages beside a test, ends them with it, and throws nothing of theirs: the test looks at their ends.
func running(_ stages: any Stage..., test: () async throws -> Void) async throws {
    try await withThrowingTaskGroup { group in
        for stage in stages { group.addTask { try? await stage.run() } }
        do {
            try await test()
        } catch {
            group.cancelAll()
            throw error
        }
        group.cancelAll()
    }
}

extension EndReason {
    var isNormal: Bool {
        if case .normal = self { true } else { false }
    }

    var isCancelled: Bool {
        if case .cancelled = self { true } else { false }
    }

    func isFailure(_ error: TestError) -> Bool {
        if case .failed(let own as TestError) = self { own == error } else { false }
    }
}
