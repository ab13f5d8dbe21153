import Pipeline

extension SimulatedHands {
    /// Schedules a message, for a time that may have gone by, and now and then thinks better of it.
    func schedule(_ number: Int) async {
        let payload = Array(#"{"scheduled":\#(number)}"#.utf8)
        let dueAt = world.now().advanced(by: dice.seconds(0...200) - .seconds(20))
        let name = SimulatedRun.topicName(number % plan.topics, of: plan)
        let changesMind = dice.chance(0.3)
        let pause = dice.seconds(0...200)
        guard let topicID = try? await node.tables.topic(named: name)?.id else { return }
        recorder.record(.offered(topic: topicID, PayloadDigest(payload)))
        let id: Int64
        do {
            id = try await node.call {
                try await $0.schedule(topic: name, payload: payload, attributes: [], dueAt: dueAt)
            }
        } catch {
            // Not acknowledged: nothing is owed.
            return
        }
        recorder.record(.scheduled(id: id, topic: topicID, PayloadDigest(payload), dueAt: dueAt.sinceEpoch))
        guard changesMind, (try? await clock.sleep(for: pause)) != nil else { return }
        recorder.record(.unscheduling(id: id))
        if (try? await node.call({ try await $0.deleteScheduledMessage(id: id) })) == .deleted {
            recorder.record(.unscheduled(id: id))
        }
    }
}
