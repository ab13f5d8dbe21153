import StagesTesting
import Testing

@testable import Stages

@Suite("Outlet")
struct OutletStateMachineTests {
    /// Stands for the consumers: what each has got, and which have left.
    private struct Consumers: Receiver {
        var received: [SubscriptionID: [Int]] = [:]
        var gone: Set<SubscriptionID> = []

        mutating func receive(_ events: Events<Int>, for id: SubscriptionID) -> Bool {
            guard !gone.contains(id) else { return false }
            received[id, default: []] += events
            return true
        }
    }

    @Test("No event is lost, doubled or delivered unasked, and none waits while it is wanted", arguments: 0..<300)
    func conservation(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var outlet = OutletStateMachine<Int>(buffer: .unlimited, dispatching: .demand)
        var consumers = Consumers()
        var asked: [SubscriptionID: Int] = [:]
        var live: [SubscriptionID] = []
        var handled: Set<Int> = []
        var emitted = 0
        var requested = 0
        for _ in 0..<300 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0 where live.count < 5:
                let id = SubscriptionID()
                try outlet.add(Subscriber(id: id, consumer: ObjectIdentifier(Self.self)))
                live.append(id)
            case 1, 2, 3:
                guard let id = live.randomElement(using: &random) else { break }
                let count = Int.random(in: 0...20, using: &random)
                asked[id, default: 0] += count
                outlet.ask(count, for: id, receiver: &consumers)
            case 4, 5, 6:
                let count = Int.random(in: 0...20, using: &random)
                outlet.emit(ArraySlice(emitted..<emitted + count), receiver: &consumers)
                emitted += count
            case 7:
                requested += outlet.takeRequest()
            case 8:
                // A consumer leaves: some of what it got it has handled, the rest comes back.
                guard let id = live.randomElement(using: &random) else { break }
                live.removeAll { $0 == id }
                let got = consumers.received.removeValue(forKey: id) ?? []
                let done = Int.random(in: 0...got.count, using: &random)
                handled.formUnion(got.prefix(done))
                consumers.gone.insert(id)
                asked[id] = nil
                outlet.remove(id, giveBack: [got[done...]], receiver: &consumers)
            default:
                // It leaves between its inlet and the outlet: what is sent to it meanwhile is refused.
                guard let id = live.randomElement(using: &random) else { break }
                let got = consumers.received.removeValue(forKey: id) ?? []
                live.removeAll { $0 == id }
                consumers.gone.insert(id)
                asked[id] = nil
                outlet.emit(ArraySlice(emitted..<emitted + 3), receiver: &consumers)
                emitted += 3
                outlet.remove(id, giveBack: [got[...]], receiver: &consumers)
            }
            var there = handled
            for id in live {
                let got = consumers.received[id] ?? []
                #expect(got.count <= asked[id] ?? 0)
                #expect(there.isDisjoint(with: got))
                there.formUnion(got)
            }
            #expect(there.count + outlet.buffer.count == emitted)
            let open = live.reduce(0) { $0 + (asked[$1] ?? 0) - (consumers.received[$1]?.count ?? 0) }
            #expect(outlet.wanted == open)
            #expect(outlet.buffer.isEmpty || open == 0)
        }
    }

    @Test("DD02 The demand of a consumer that leaves is used before the producer is asked again")
    func leftBehind() throws {
        var outlet = OutletStateMachine<Int>(buffer: .unlimited, dispatching: .demand)
        var consumers = Consumers()
        let (first, second) = (SubscriptionID(), SubscriptionID())
        try outlet.add(Subscriber(id: first, consumer: ObjectIdentifier(Self.self)))
        outlet.ask(10, for: first, receiver: &consumers)
        #expect(outlet.takeRequest() == 10)
        outlet.remove(first, giveBack: [], receiver: &consumers)
        #expect(outlet.wanted == 0)
        try outlet.add(Subscriber(id: second, consumer: ObjectIdentifier(Self.self)))
        outlet.ask(15, for: second, receiver: &consumers)
        #expect(outlet.takeRequest() == 5)
        outlet.emit(ArraySlice(0..<15), receiver: &consumers)
        #expect(consumers.received[second] == Array(0..<15))
        #expect(outlet.takeRequest() == 0)
    }

    @Test("DD01 Events go to the consumer with the highest pending demand first")
    func highestFirst() throws {
        var outlet = OutletStateMachine<Int>(buffer: .unlimited, dispatching: .demand)
        var consumers = Consumers()
        let (small, large) = (SubscriptionID(), SubscriptionID())
        for (id, demand) in [(small, 3), (large, 5)] {
            try outlet.add(Subscriber(id: id, consumer: ObjectIdentifier(Self.self)))
            outlet.ask(demand, for: id, receiver: &consumers)
        }
        outlet.emit(ArraySlice(0..<10), receiver: &consumers)
        #expect(consumers.received[large] == [0, 1, 2, 3, 4])
        #expect(consumers.received[small] == [5, 6, 7])
        #expect(outlet.buffer.count == 2)
    }

    @Test("DD05 With equal demands no consumer starves")
    func fair() throws {
        var outlet = OutletStateMachine<Int>(buffer: .unlimited, dispatching: .demand)
        var consumers = Consumers()
        let ids = (0..<4).map { _ in SubscriptionID() }
        for id in ids {
            try outlet.add(Subscriber(id: id, consumer: ObjectIdentifier(Self.self)))
            outlet.ask(10, for: id, receiver: &consumers)
        }
        for round in 0..<1000 {
            let before = ids.map { consumers.received[$0]?.count ?? 0 }
            outlet.emit(ArraySlice(round * 10..<round * 10 + 10), receiver: &consumers)
            for (id, count) in zip(ids, before) {
                outlet.ask((consumers.received[id]?.count ?? 0) - count, for: id, receiver: &consumers)
            }
        }
        for id in ids { #expect(abs((consumers.received[id]?.count ?? 0) - 2500) <= 250) }
    }

    @Test("A custom dispatcher decides instead of the default one")
    func custom() throws {
        /// Everything to whoever subscribed first.
        struct FirstOnly: Dispatcher {
            var first: SubscriptionID?
            var wanted = 0

            mutating func add(_ subscriber: Subscriber<Int>) throws(SubscriptionError) {
                guard first == nil else { throw .refused(reason: "it has a consumer") }
                first = subscriber.id
            }

            mutating func ask(_ count: Int, for id: SubscriptionID, to deliver: Delivery<Int>) { wanted += count }

            mutating func remove(_ id: SubscriptionID) {
                first = nil
                wanted = 0
            }

            func demand(of id: SubscriptionID) -> Int { wanted }

            mutating func dispatch(_ events: Events<Int>, to deliver: Delivery<Int>) -> Events<Int> {
                guard let first else { return events }
                let share = events.prefix(wanted)
                wanted -= share.count
                deliver(first, share)
                return events.dropFirst(share.count)
            }
        }
        let outlet = Outlet<Int>(dispatcher: .custom(FirstOnly()))
        let (consumer, other) = (ProbeConsumer(), ProbeConsumer())
        try consumer.inlet.subscribe(to: outlet)
        #expect(throws: SubscriptionError.refused(reason: "it has a consumer")) {
            try other.inlet.subscribe(to: outlet)
        }
        #expect(other.inlet.windows.isEmpty)
    }
}
