import TestSupport
import Testing

@testable import Pipeline

/// A round, performed on a simulated sender and a store in memory.
@Suite("A round of recovery") struct RecoveryRoundTests {
    private static let url = "http://sender.example/messages/"

    private struct Office {
        let store = InMemoryStore()
        let sender: SimulatedSender
        let topic: Topic
        /// Bytes of an answer.
        var limit = 1_000_000
        var memory = RecoveryRound.Memory()

        init(_ sender: SimulatedSender = SimulatedSender()) async throws {
            self.sender = sender
            topic = try await StoreUnderTest(store: store, fixture: InMemoryFixture()).recovering("orders")
            sender.with { $0.entries[url] = [] }
        }

        /// - Parameter steps: Where the process is killed; nil: it is not.
        mutating func round(
            originHost: String = url,
            until steps: Int? = nil,
            topics: [String] = ["orders"]
        ) async -> RecoveryRound {
            var round = RecoveryRound(
                origin: Origin(originHost),
                topics: Dictionary(uniqueKeysWithValues: topics.map { ($0, topic.id) }),
                memory: memory,
                now: StoreUnderTest.now
            )
            var step = round.begin()
            var count = 0
            while step != .end, count != steps {
                count += 1
                step = round.next(await perform(step, Origin(originHost).key))
            }
            if count != steps { memory = round.memory }
            return round
        }

        private func perform(_ step: RecoveryRound.Step, _ key: String) async -> RecoveryRound.Event {
            do {
                switch step {
                case .list(let url):
                    return .listed(await sender.send(HTTPRequest(.get, url: url, timeout: .seconds(1), limit: limit)))
                case .delete(let url):
                    return .deleted(await sender.send(HTTPRequest(.delete, url: url, timeout: .seconds(1), limit: 9)))
                case .store(let entries):
                    return .stored(try await store.recover(entries, of: key, at: StoreUnderTest.now))
                case .forget(let ids): try await store.forgetRecovered(ids, of: key)
                case .forgetAll: try await store.forgetRecovered(of: key, unseenSince: .distantFuture)
                case .end: break
                }
                return .forgotten
            } catch {
                return .storeFailed((error as? StoreError) ?? .unavailable(reason: "\(error)"))
            }
        }

        var payloads: [String] {
            get async throws {
                try await StoreUnderTest(store: store, fixture: InMemoryFixture()).payloads(topic)
            }
        }
    }

    @Test("O78 with an origin that has nothing stores and deletes nothing")
    func nothing() async throws {
        var office = try await Office()
        let round = await office.round()
        #expect(round.problem == nil && round.recovered == 0)
        #expect(office.sender.count(.get) == 1 && office.sender.count(.delete) == 0)
        #expect(try await office.payloads.isEmpty)
    }

    @Test("O79 stores each entry and deletes it at its origin", arguments: [1, 2, 1234])
    func entries(count: Int) async throws {
        var office = try await Office()
        for number in 0..<count { office.sender.add(Self.url, topic: "orders", "\(number)") }
        let round = await office.round()
        #expect(round.recovered == count && round.problem == nil)
        #expect(try await office.payloads == (0..<count).map(String.init))
        #expect(office.sender.entries(Self.url).isEmpty)
        #expect(office.sender.count(.delete) == count)
    }

    @Test("O80 stores all messages of a bulk entry, and deletes it once")
    func bulk() async throws {
        var office = try await Office()
        let messages = (1...2).map { #"{"topic":"orders","payload":\#($0),"attributes":{}}"# }.joined(separator: ",")
        office.sender.add(Self.url, topic: "", "[\(messages)]", isBulk: true)
        let round = await office.round()
        #expect(round.recovered == 2)
        #expect(try await office.payloads == ["1", "2"])
        #expect(office.sender.count(.delete) == 1 && office.sender.entries(Self.url).isEmpty)
    }

    @Test("O81 leaves what is for an unknown topic where it is, whole, and takes the others")
    func unknownTopic() async throws {
        var office = try await Office()
        let unknown = office.sender.add(Self.url, topic: "bills", "1")
        office.sender.add(Self.url, topic: "orders", "2")
        let half = office.sender.add(
            Self.url,
            topic: "",
            #"[{"topic":"orders","payload":3},{"topic":"bills","payload":4}]"#,
            isBulk: true
        )
        office.sender.add(Self.url, topic: "orders", "5")
        let round = await office.round()
        #expect(try await office.payloads == ["2", "5"])
        #expect(office.sender.entries(Self.url) == [unknown, half])
        #expect(round.left.map(\.id) == ["\(unknown)", "\(half)"])
        #expect(round.left.allSatisfy { $0.reason == #"no topic "bills" recovers from this origin"# })
        #expect(!round.hasFailed)
    }

    @Test(
        "O75 takes an answer that is no list for an empty one, and says what it was",
        arguments: [
            (.status(300), "status 300"), (.status(503), "status 503"), (.lost, "connection refused"),
            (.body("<html>"), "something else than an array"), (.body(#"{"a":1}"#), "something else than an array"),
        ] as [(SimulatedSender.Fault, String)]
    )
    func noList(fault: SimulatedSender.Fault, words: String) async throws {
        var office = try await Office(SimulatedSender { _ in fault })
        let round = await office.round()
        #expect(round.problem?.contains(words) == true, "\(round.problem ?? "")")
        #expect(round.hasFailed && round.recovered == 0)
        #expect(office.sender.count(.get) == 1 && office.sender.count(.delete) == 0)
    }

    @Test("O77 takes 204 and 404 for a deletion, and anything else for none")
    func deletions() async throws {
        for (fault, isGone) in [(SimulatedSender.Fault.none, true), (.gone, true), (.status(500), false)] {
            var office = try await Office(SimulatedSender { $0.method == .delete ? fault : .none })
            office.sender.add(Self.url, topic: "orders", "1")
            let round = await office.round()
            #expect(try await office.payloads == ["1"])
            #expect(round.hasFailed == !isGone)
            #expect((round.problem == nil) == isGone, "\(fault)")
        }
    }

    @Test("W7 does not store again what could not be deleted, however often it is listed")
    func refusedDeletion() async throws {
        var office = try await Office(SimulatedSender { $0.method == .delete ? .status(500) : .none })
        for number in 0..<20 { office.sender.add(Self.url, topic: "orders", "\(number)") }
        for _ in 0..<3 {
            let round = await office.round()
            #expect(round.problem?.contains("could not be deleted there: it answered with status 500") == true)
        }
        #expect(try await office.payloads == (0..<20).map(String.init))
        #expect(office.sender.count(.delete) == 3 * RecoveryRound.mostRefusals)
    }

    @Test("ends with the first deletion that gets no answer")
    func hangingDeletion() async throws {
        var office = try await Office(SimulatedSender { $0.method == .delete ? .lost : .none })
        for number in 0..<20 { office.sender.add(Self.url, topic: "orders", "\(number)") }
        let round = await office.round()
        #expect(round.hasFailed)
        #expect(office.sender.count(.delete) == 1)
        #expect(try await office.payloads == (0..<20).map(String.init))
    }

    @Test("does not take the same again and again from an origin that says it deletes and does not")
    func liar() async throws {
        var office = try await Office(SimulatedSender { $0.method == .delete ? .status(204) : .none })
        for number in 0..<3 { office.sender.add(Self.url, topic: "orders", "\(number)") }
        let round = await office.round()
        #expect(round.problem?.contains("although it has answered its deletion with success") == true)
        #expect(try await office.payloads.count == 3)
        #expect(office.sender.count(.get) == 2)
    }

    @Test("finds the list with and without a slash at the end, and remembers where it was")
    func slash() async throws {
        var office = try await Office()
        office.sender.add(Self.url, topic: "orders", "1")
        let host = String(Self.url.dropLast())
        #expect(await office.round(originHost: host).recovered == 1)
        #expect(office.sender.with { $0.requests.map(\.url) } == [host, Self.url, Self.url + "1/", Self.url])
        office.sender.add(Self.url, topic: "orders", "2")
        #expect(await office.round(originHost: host).recovered == 1)
        #expect(office.sender.count(.get) == 5)
    }

    @Test("sees past entries that have to stay")
    func fullPage() async throws {
        var office = try await Office()
        for number in 0..<250 { office.sender.add(Self.url, topic: "bills", "\(number)") }
        for number in 0..<5 { office.sender.add(Self.url, topic: "orders", "\(number)") }
        for _ in 0..<3 { _ = await office.round() }
        #expect(try await office.payloads == (0..<5).map(String.init))
        #expect(office.sender.entries(Self.url).count == 250)
        // And asks as usual when they are gone.
        office.sender.with { $0.entries[Self.url] = [] }
        for _ in 0..<2 {
            office.sender.add(Self.url, topic: "orders", "6")
            _ = await office.round()
        }
        #expect(office.memory.limit == nil)
    }

    @Test("asks for fewer when the answer is too long, and says so when even one is")
    func longAnswer() async throws {
        var office = try await Office()
        office.limit = 10_000
        for number in 0..<120 {
            office.sender.add(Self.url, topic: "orders", #""\#(number) \#(String(repeating: "x", count: 1000))""#)
        }
        #expect(await office.round().recovered == 120)
        #expect(office.sender.entries(Self.url).isEmpty)
        office.sender.add(Self.url, topic: "orders", #""\#(String(repeating: "x", count: 10_000))""#)
        let round = await office.round()
        #expect(round.problem?.contains("longer than 10000 bytes") == true)
        #expect(round.hasFailed)
    }

    @Test("W7 stores each entry exactly once, whatever fails and wherever the process is killed")
    func exactlyOnce() async throws {
        for seed in Seeds.explored(150) { try await exactlyOnce(seed: seed) }
    }

    private func exactlyOnce(seed: UInt64) async throws {
        let dice = Dice(seed: seed, part: "recovery")
        let weather = Dice(seed: seed, part: "weather")
        let isFair = Counter()
        var office = try await Office(
            SimulatedSender { request in
                if isFair.value > 0 { return .none }
                let fault: SimulatedSender.Fault = weather.pick([
                    .none, .none, .none, .none, .lost, .unanswered, .status(500), .body("["),
                ])
                // To answer a deletion with success and not to delete is to ask for the message once more.
                if case .body = fault, request.method == .delete { return .lost }
                return fault
            }
        )
        var sent: [String] = []
        for _ in 0..<dice.number(1...12) {
            for _ in 0..<dice.number(0...7) {
                // Ids come back where a sender counts from what it has.
                if dice.chance(0.5), office.sender.entries(Self.url).isEmpty {
                    office.sender.with { $0.nextID = 1 }
                }
                if dice.chance(0.3) {
                    let payloads = (0..<dice.number(1...3)).map { "\(sent.count + $0)" }
                    let messages = payloads.map { #"{"topic":"orders","payload":\#($0)}"# }.joined(separator: ",")
                    office.sender.add(Self.url, topic: "", "[\(messages)]", isBulk: true)
                    sent += payloads
                } else {
                    office.sender.add(Self.url, topic: "orders", "\(sent.count)")
                    sent.append("\(sent.count)")
                }
            }
            if dice.chance(0.2) { office.store.faults.next(.fails(.unavailable(reason: "as drawn"))) }
            if dice.chance(0.2) { office.store.faults.next(.storesAndThrows(.outcomeUnknown(reason: "as drawn"))) }
            _ = await office.round(until: dice.chance(0.4) ? dice.number(1...12) : nil)
        }
        isFair.increase()
        // More than there are faults that nothing has met yet.
        for _ in 0..<30 { _ = await office.round() }
        #expect(office.sender.entries(Self.url).isEmpty, "seed \(seed)")
        #expect(try await office.payloads == sent, "seed \(seed)")
    }
}
