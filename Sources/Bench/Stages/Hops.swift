import AsyncAlgorithms

/// The yardsticks of stages: the simplest ways to bring a number from here to there in Swift.
enum Hops {
    /// An `AsyncStream` between two tasks.
    static func stream(_ count: Int) async throws -> Double {
        let (stream, continuation) = AsyncStream<Int>.makeStream()
        return try await measure("AsyncStream", count) { group in
            group.addTask {
                for number in 0..<count { continuation.yield(number) }
                continuation.finish()
                return 0
            }
            group.addTask {
                var sum = 0
                for await number in stream { sum &+= number }
                return sum
            }
        }
    }

    /// An `AsyncChannel` of swift-async-algorithms between two tasks: with back-pressure, one by one.
    static func channel(_ count: Int) async throws -> Double {
        let channel = AsyncChannel<Int>()
        return try await measure("AsyncChannel", count) { group in
            group.addTask {
                for number in 0..<count { await channel.send(number) }
                channel.finish()
                return 0
            }
            group.addTask {
                var sum = 0
                for await number in channel { sum &+= number }
                return sum
            }
        }
    }

    /// Calls of an actor's method from outside.
    static func actorCalls(_ count: Int) async throws -> Double {
        let adder = Adder()
        return try await measure("actor calls", count) { group in
            group.addTask {
                for number in 0..<count { await adder.add(number) }
                return await adder.sum
            }
        }
    }

    private actor Adder {
        private(set) var sum = 0

        func add(_ number: Int) { sum &+= number }
    }

    private static func measure(
        _ name: String,
        _ count: Int,
        _ start: (inout TaskGroup<Int>) -> Void
    ) async throws -> Double {
        let clock = ContinuousClock()
        let begin = clock.now
        let sum = await withTaskGroup(of: Int.self) { group in
            start(&group)
            var sum = 0
            for await part in group { sum &+= part }
            return sum
        }
        let expected = count * (count - 1) / 2
        guard sum == expected else { throw BenchError.miscounted(name, expected: expected, found: sum) }
        return Double(count) / ((clock.now - begin) / .seconds(1))
    }
}
