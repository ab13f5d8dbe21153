package import Pipeline
import Testing

extension StoreRequirement {
    static let recovery = [
        StoreRequirement("topics that recover from their origin are the live ones that say so, in order of their ids") {
            test in
            let plain = try await test.topic("plain")
            let first = try await test.recovering("first")
            let gone = try await test.recovering("gone")
            _ = try await test.store.deleteTopic(id: gone.id)
            let second = try await test.recovering("second")
            #expect(try await test.store.recoveringTopics() == [first, second])
            _ = try await test.store.updateTopic(id: first.id) { topic in
                var settings = topic.settings
                settings.recoveryEnabled = false
                return settings
            }
            _ = try await test.store.updateTopic(id: plain.id) { topic in
                var settings = topic.settings
                settings.recoveryEnabled = true
                return settings
            }
            #expect(try await test.store.recoveringTopics().map(\.id) == [plain.id, second.id])
        },
        StoreRequirement("what an origin hands over is appended as any message is, and again only under another id") {
            test in
            let orders = try await test.recovering("orders")
            let bills = try await test.recovering("bills")
            let before = try await test.append(orders, "0")
            let entries = [RecoveredEntry("7", (orders, "1"), (bills, "2"), (orders, "3")), RecoveredEntry("8")]
            let receipt = try await test.recover(entries)
            guard case .appended(let ids) = receipt.results[0] else {
                Issue.record("\(receipt.results[0])")
                return
            }
            #expect(receipt.results[1] == .appended(ids: []))
            #expect(ids.count == 3 && ids == ids.sorted() && ids[0] > before[0])
            #expect(try await test.payloads(orders) == ["0", "1", "3"])
            #expect(try await test.payloads(bills) == ["2"])
            #expect(
                receipt.heads.filter { $0.topicID == orders.id }
                    == [TopicHead(topicID: orders.id, headID: ids[2], receivedCount: 3)]
            )
            #expect(
                try await test.store.heads().filter { $0.topicID != orders.id }
                    == receipt.heads.filter { $0.topicID != orders.id }
            )
            let again = try await test.recover(entries)
            #expect(again.results == [.known, .known])
            let other = try await test.recover([RecoveredEntry("9", (orders, "1"))])
            #expect(other.results.allSatisfy { if case .appended = $0 { true } else { false } })
            #expect(try await test.payloads(orders) == ["0", "1", "3", "1"])
            #expect(try await test.append(orders, "4")[0] > ids[2])
        },
        StoreRequirement("a recovered message is shown with its bytes, attributes and time") { test in
            let topic = try await test.recovering("orders")
            let message = NewMessage(
                payload: Array(#"{ "a" : 1.0 }"#.utf8),
                attributes: Array(#"{"k":"v"}"#.utf8),
                receivedAt: StoreUnderTest.now
            )
            let entry = RecoveredEntry(id: "1", digest: [1], appends: [Append(topicID: topic.id, messages: [message])])
            guard case .appended(let ids) = try await test.recover([entry]).results[0] else { return }
            let stored = try #require(try await test.store.messages(ids: ids).first)
            #expect(stored.payload == message.payload && stored.attributes == message.attributes)
            #expect(stored.receivedAt == StoreUnderTest.now)
        },
        StoreRequirement("an entry of an id that is known, with another content, is another entry") { test in
            let topic = try await test.recovering("orders")
            try await test.recover([RecoveredEntry("1", (topic, "1"))])
            try await test.recover([RecoveredEntry("1", (topic, "2"))])
            try await test.recover([RecoveredEntry("1", (topic, "2"))])
            #expect(try await test.payloads(topic) == ["1", "2"])
        },
        StoreRequirement("origins do not share ids") { test in
            let topic = try await test.recovering("orders")
            try await test.recover([RecoveredEntry("1", (topic, "1"))], of: "http://a")
            try await test.recover([RecoveredEntry("1", (topic, "1"))], of: "http://b")
            #expect(try await test.payloads(topic) == ["1", "1"])
        },
        StoreRequirement("W7 an entry with a message for a topic that does not exist is not stored in part") { test in
            let topic = try await test.recovering("orders")
            let gone = try await test.recovering("gone")
            _ = try await test.store.deleteTopic(id: gone.id)
            let receipt = try await test.recover([
                RecoveredEntry("1", (topic, "1"), (gone, "2")), RecoveredEntry("2", (topic, "3")),
            ])
            #expect(receipt.results[0] == .unknownTopic)
            #expect(try await test.payloads(topic) == ["3"])
            // Nor is it known.
            let whole = try await test.recover([RecoveredEntry("1", (topic, "1"))])
            #expect(whole.results != [.known])
            #expect(try await test.payloads(topic) == ["3", "1"])
        },
        StoreRequirement("W7 an entry that the database refuses fails alone, and whole") { test in
            let topic = try await test.recovering("orders")
            try await test.fixture.poison()
            let poison = String(decoding: Poison.payload, as: UTF8.self)
            let receipt = try await test.recover([
                RecoveredEntry("1", (topic, "1")), RecoveredEntry("2", (topic, "2"), (topic, poison)),
                RecoveredEntry("3", (topic, "3")),
            ])
            guard case .failed = receipt.results[1] else {
                Issue.record("\(receipt.results[1])")
                return
            }
            #expect(try await test.payloads(topic) == ["1", "3"])
            #expect(try await test.recover([RecoveredEntry("2", (topic, "2"))]).results != [.known])
        },
        StoreRequirement("what is gone at its origin is forgotten: the same once more is another entry") { test in
            let topic = try await test.recovering("orders")
            let entries = ["1", "2", "3"].map { RecoveredEntry($0, (topic, $0)) }
            try await test.recover(entries)
            try await test.store.forgetRecovered(["1", "3", "9"], of: StoreUnderTest.origin)
            try await test.store.forgetRecovered(["2"], of: "http://another")
            try await test.recover(entries)
            #expect(try await test.payloads(topic) == ["1", "2", "3", "1", "3"])
        },
        StoreRequirement("what has not been handed over since a time can be forgotten") { test in
            let topic = try await test.recovering("orders")
            let entries = ["1", "2"].map { RecoveredEntry($0, (topic, $0)) }
            try await test.recover(entries)
            let later = StoreUnderTest.now.advanced(by: .seconds(10))
            _ = try await test.store.recover([entries[1]], of: StoreUnderTest.origin, at: later)
            try await test.store.forgetRecovered(of: "http://another", unseenSince: later)
            try await test.store.forgetRecovered(of: StoreUnderTest.origin, unseenSince: StoreUnderTest.now)
            #expect(try await test.recover(entries).results == [.known, .known])
            _ = try await test.store.recover([entries[1]], of: StoreUnderTest.origin, at: later)
            try await test.store.forgetRecovered(of: StoreUnderTest.origin, unseenSince: later)
            try await test.recover(entries)
            #expect(try await test.payloads(topic) == ["1", "2", "1"])
        },
        StoreRequirement("records of entries are there when the store is opened again") { test in
            let topic = try await test.recovering("orders")
            try await test.recover([RecoveredEntry("1", (topic, "1"))])
            try await test.store.close()
            let again = StoreUnderTest(store: try await test.fixture.open(), fixture: test.fixture)
            #expect(try await again.recover([RecoveredEntry("1", (topic, "1"))]).results == [.known])
            #expect(try await again.store.leadsRecovery())
            #expect(try await again.store.leadsRecovery())
            try await again.store.close()
        },
        StoreRequirement("of many who recover one entry at once, one appends it") { test in
            let topic = try await test.recovering("orders")
            let entries = (0..<20).map { RecoveredEntry("\($0)", (topic, "\($0)")) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<6 {
                    group.addTask { try await test.recover(entries) }
                    group.addTask { try await test.append(topic, "x") }
                }
                try await group.waitForAll()
            }
            #expect(try await test.payloads(topic).filter { $0 != "x" } == (0..<20).map(String.init))
        },
    ]
}

extension StoreUnderTest {
    package static let origin = "http://sender.example/messages"

    package func recovering(_ name: String) async throws -> Topic {
        try await store.createTopic(
            TopicSettings(name: name, originHost: Self.origin + "/", recoveryEnabled: true),
            at: Self.now
        )
    }

    @discardableResult
    package func recover(
        _ entries: [RecoveredEntry],
        of origin: String = StoreUnderTest.origin
    ) async throws -> RecoveryReceipt {
        try await store.recover(entries, of: origin, at: Self.now)
    }
}

extension RecoveredEntry {
    /// Its digest is of the payloads.
    package init(_ id: String, _ messages: (topic: Topic, payload: String)...) {
        self.init(
            id: id,
            digest: Array(messages.map(\.payload).joined(separator: "|").utf8),
            appends: messages.map { Append($0.topic, $0.payload) }
        )
    }
}
