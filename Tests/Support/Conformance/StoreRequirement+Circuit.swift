import Pipeline
import Testing

extension StoreRequirement {
    static let circuit = [
        StoreRequirement("a circuit is kept as it was given, and gone when it is closed") { test in
            let publisher = try await test.publisher(try await test.topic())
            #expect(try await test.progress(publisher).progress.circuit == nil)
            let whole = CircuitRecord(
                isOpen: true,
                cause: .refusals,
                detail: #"the target answered 401: "who are you?" \ é 🚪"# + "\u{0}\n",
                openedAt: Timestamp(milliseconds: 1),
                nextProbeAt: Timestamp(milliseconds: .max),
                step: 6,
                probedID: 9_000_000_000,
                isNoticed: true
            )
            let bare = CircuitRecord(
                isOpen: false,
                cause: .target,
                detail: nil,
                openedAt: Timestamp(milliseconds: 0),
                nextProbeAt: .distantPast
            )
            var test = test
            for circuit in [whole, bare, nil] {
                let progress = Progress(high: 1, circuit: circuit)
                try await test.settle(Settlement(publisher: publisher.id, progress: progress))
                test = try await test.reopened()
                #expect(try await test.progress(publisher).progress == progress)
            }
            try await test.store.close()
        },
        StoreRequirement("circuits and replays of a batch stay with their publishers") { test in
            let topic = try await test.topic()
            var settlements: [Settlement] = []
            for number in 0..<6 {
                let publisher = try await test.publisher(topic, target: "\(number)")
                let time = Timestamp(milliseconds: Int64(number))
                settlements.append(
                    Settlement(
                        publisher: publisher.id,
                        progress: Progress(
                            high: Int64(number),
                            lastDeliveredAt: number == 4 ? nil : time,
                            replayed: Int64(number),
                            lastSuccessAt: number == 5 ? nil : time,
                            circuit: number % 2 == 0
                                ? CircuitRecord(
                                    isOpen: true,
                                    cause: .target,
                                    detail: "\(number)",
                                    openedAt: time,
                                    nextProbeAt: time
                                ) : nil,
                            replay: number % 3 == 0 ? ReplayRecord(fromID: 1, toID: Int64(number) + 2) : nil
                        )
                    )
                )
            }
            _ = try await test.store.commit(StoreBatch(settlements: settlements))
            let stored = try await test.store.progress(of: settlements.map(\.publisher))
            for settlement in settlements {
                #expect(stored[settlement.publisher]?.progress == settlement.progress)
            }
        },
        StoreRequirement("the owner that takes over finds the circuit and the replay") { test in
            let publisher = try await test.publisher(try await test.topic())
            let progress = Progress(
                epoch: 1,
                replayed: 3,
                lastSuccessAt: StoreUnderTest.now,
                circuit: CircuitRecord(
                    isOpen: true,
                    cause: .target,
                    detail: "connection refused",
                    openedAt: StoreUnderTest.now,
                    nextProbeAt: StoreUnderTest.now
                ),
                replay: ReplayRecord(fromID: 1, toID: 5, high: 3, holes: [2])
            )
            _ = try await test.store.claim([publisher.id])
            try await test.settle(Settlement(publisher: publisher.id, progress: progress))
            let claimed = try await test.store.claim([publisher.id])
            #expect(claimed[publisher.id]?.progress == progress.of(epoch: 2))
        },
    ]
}
