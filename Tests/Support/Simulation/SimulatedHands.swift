import Pipeline
import StagesTesting

/// People who use the office while it runs: seeded, at random times, and told nothing of each other.
struct SimulatedHands {
    let node: SimulatedNode
    let plan: SimulatedPlan
    let recorder: HistoryRecorder
    let world: World
    let clock: ManualClock
    let dice: Dice

    enum Person {
        case settings
        case messages
    }

    /// One thing that a person does. What fails has failed.
    func act(_ person: Person) async {
        guard let publisher = try? await anyPublisher() else { return }
        do {
            switch person {
            case .settings: try await changeSettings(publisher)
            case .messages: try await doSomething(publisher)
            }
        } catch {
            // As a person would, it is left at that.
        }
    }

    private func changeSettings(_ publisher: Publisher) async throws {
        switch dice.number(0...7) {
        case 0, 1: try await pause(publisher)
        case 2: try await resume(publisher)
        case 3, 4, 5: try await change(publisher)
        case 6: try await remove(publisher)
        default: try await add()
        }
    }

    private func doSomething(_ publisher: Publisher) async throws {
        switch dice.number(0...10) {
        case 0, 1: try await retry(publisher)
        case 2: try await discard(publisher)
        case 3: try await replay(publisher)
        case 4: try await replayRange(publisher)
        case 5: try await replayOne(publisher)
        case 6: try await restart(publisher)
        case 7, 8: try await crash(publisher)
        case 9: node.kill()
        default: await node.stop()
        }
    }

    private func anyPublisher() async throws -> Publisher? {
        dice.any(of: try await node.tables.publishers(topicID: nil, after: 0, limit: .max))
    }

    private func logged(_ publisher: Publisher) async throws -> [Int64] {
        try await node.tables.entries(topicID: publisher.topicID, after: 0, limit: .max).map(\.id)
    }

    // MARK: Settings

    private func pause(_ publisher: Publisher) async throws {
        let status = try await node.call { try await $0.setActive(publisher: publisher.id, false) }
        if status?.publisher.settings.active == false {
            recorder.record(.paused(publisher: publisher.id, at: recorder.now))
        }
    }

    func resume(_ publisher: Publisher) async throws {
        recorder.record(.resumed(publisher: publisher.id))
        _ = try await node.call { try await $0.setActive(publisher: publisher.id, true) }
    }

    private func change(_ publisher: Publisher) async throws {
        var settings = publisher.settings
        switch dice.number(0...7) {
        case 0: settings.maxDemand = dice.number(1...8)
        case 1:
            settings.secondsRetry = dice.pick([1, 10, 30])
            settings.secondsRetryMax = settings.secondsRetry * 4
        case 2: settings.ordering = settings.ordering == .strict ? .none : .strict
        case 3: settings.rateLimit = dice.chance(0.5) ? nil : dice.pick([1, 5, 50])
        case 4: settings.target = "http://127.0.0.1:9/\(dice.number(10...12))"
        case 5: settings.maxAttempts = dice.pick([1, 3, 100])
        case 6: settings.chunkSize = dice.pick([1, 2, 5, 20])
        default: settings.secondsTimeout = dice.pick([1, 5, 30])
        }
        let changed = settings
        // What is lifted may be so at once, and what is imposed is so when it has been answered.
        if changed.ordering == .none { recorder.record(.ordered(publisher: publisher.id, strictly: false)) }
        recorder.record(.prodded(publisher: publisher.id))
        let status = try await node.call { office in
            try await office.updatePublisher(id: publisher.id) { stored in
                var settings = changed
                // Pausing is somebody else's.
                settings.active = stored.settings.active
                return settings
            }
        }
        if status?.publisher.settings.ordering == .strict {
            recorder.record(.ordered(publisher: publisher.id, strictly: true))
        }
    }

    // MARK: Messages

    private func retry(_ publisher: Publisher) async throws {
        let dead = dice.chance(0.5)
        recorder.record(.prodded(publisher: publisher.id))
        _ = try await node.hands.during([.reviving(publisher: publisher.id)]) {
            try await node.call { try await $0.retry(publisher: publisher.id, dead: dead) }
        }
    }

    private func discard(_ publisher: Publisher) async throws {
        let logged = try await logged(publisher)
        let ids = dice.chance(0.5) ? nil : logged.filter { _ in dice.chance(0.4) }
        _ = try await node.hands.during([.discarding(publisher: publisher.id)]) {
            try await node.call { try await $0.discard(publisher: publisher.id, messages: ids) }
        }
    }

    private func replay(_ publisher: Publisher) async throws {
        let ids = try await logged(publisher).filter { _ in dice.chance(0.3) }
        recorder.record(.replayedByHand(publisher: publisher.id, ids: ids))
        _ = try await node.hands.during([.reviving(publisher: publisher.id)]) {
            try await node.call { try await $0.replay(publisher: publisher.id, messages: ids) }
        }
    }

    private func replayRange(_ publisher: Publisher) async throws {
        let now = world.now()
        let from = dice.chance(0.5) ? nil : now.advanced(by: .zero - dice.seconds(0...200))
        let to = dice.chance(0.7) ? nil : now.advanced(by: .zero - dice.seconds(0...20))
        recorder.record(.replayedByHand(publisher: publisher.id, ids: try await logged(publisher)))
        _ = try await node.hands.during([.reviving(publisher: publisher.id)]) {
            try await node.call { try await $0.replay(publisher: publisher.id, from: from, to: to) }
        }
    }

    private func replayOne(_ publisher: Publisher) async throws {
        guard let id = dice.any(of: try await logged(publisher)) else { return }
        let others = try await node.tables.publishers(topicID: publisher.topicID, after: 0, limit: .max).map(\.id)
        for other in others { recorder.record(.replayedByHand(publisher: other, ids: [id])) }
        _ = try await node.hands.during(others.map { .reviving(publisher: $0) }) {
            try await node.call { try await $0.replay(message: id, publisher: nil) }
        }
    }

    // MARK: Publishers

    private func restart(_ publisher: Publisher) async throws {
        recorder.record(.crashed(publisher: publisher.id))
        _ = try await node.call { try await $0.restartPublisher(id: publisher.id) }
    }

    private func remove(_ publisher: Publisher) async throws {
        _ = try await node.call { try await $0.deletePublisher(id: publisher.id) }
    }

    private func add() async throws {
        let settings = SimulatedPlan.settings(dice.number(20...22), dice)
        let topics = try await node.tables.topics(named: nil, after: 1, limit: .max)
        guard let topic = dice.any(of: topics) else { return }
        _ = try await node.call { try await $0.createPublisher(topicID: topic.id, settings) }
    }

    private func crash(_ publisher: Publisher) async throws {
        let stage = dice.pick(["pending_messages", "envelopes", "courier"])
        recorder.record(.crashed(publisher: publisher.id))
        _ = try await node.call { $0.crash(publisher: publisher.id, stage: stage) }
    }

    // MARK: Looking

    /// Asks about one message.
    func look(at id: Int64, topic: Int64) async {
        recorder.record(.asked(id: id))
        guard let status = try? await node.call({ try await $0.message(id: id) }) else { return }
        for delivery in status.deliveries {
            recorder.record(
                .explained(
                    publisher: delivery.publisher.id,
                    id: id,
                    History.Explanation(state: delivery.state, reason: delivery.waiting?.reason)
                )
            )
        }
    }

    func lookAtSome() async {
        guard let topics = try? await node.tables.topics(named: nil, after: 0, limit: .max),
            let topic = dice.any(of: topics),
            let entries = try? await node.tables.entries(topicID: topic.id, after: 0, limit: .max),
            let entry = dice.any(of: entries)
        else { return }
        await look(at: entry.id, topic: topic.id)
    }
}
