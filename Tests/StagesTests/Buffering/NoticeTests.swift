import Logging
import Stages
import StagesTesting
import Testing

@Suite("Notices", .timeLimit(.minutes(1)))
struct NoticeTests {
    private let told = Recorder<String>()

    private func inform(_ outlet: Outlet<Int>, _ name: String) {
        outlet.inform { told.append(name) }
    }

    @Test("B06 A notice arrives when the events before it have left, in order; with an empty buffer at once")
    func notices() async throws {
        let outlet = Outlet<Int>()
        inform(outlet, "at once")
        #expect(told.items == ["at once"])
        outlet.emit([1, 2])
        inform(outlet, "after 2")
        outlet.emit([3])
        inform(outlet, "after 3")
        inform(outlet, "after 3 too")
        #expect(outlet.buffered == 3)
        let consumer = ProbeConsumer()
        let subscription = try consumer.inlet.subscribe(to: outlet, .init(isManual: true))
        try await running(consumer) {
            try subscription.ask(1)
            #expect(told.items.count == 1)
            // Notices are no events: they use up no demand.
            try subscription.ask(1)
            expect(try await consumer.events(2), [1, 2])
            #expect(told.items == ["at once", "after 2"])
            try subscription.ask(1)
            expect(try await consumer.events(1), [3])
            #expect(told.items == ["at once", "after 2", "after 3", "after 3 too"])
        }
    }

    @Test("B06 A notice arrives also when the events before it were dropped", arguments: [true, false])
    func afterDrops(keepsLast: Bool) {
        let outlet = Outlet<Int>(buffer: keepsLast ? .keepLast(2) : .keepFirst(2), onDrop: { _ in })
        outlet.emit([1, 2])
        inform(outlet, "after 2")
        outlet.emit([3, 4])
        inform(outlet, "after 4")
        // Keeping the last, those before the first notice are gone; keeping the first, those after it.
        #expect(told.items == (keepsLast ? ["after 2"] : []))
        outlet.emit([5, 6])
        #expect(told.items == (keepsLast ? ["after 2", "after 4"] : []))
    }

    @Test("B04 What was dropped is logged once per overflow, with stage and count")
    func logs() {
        let log = LogRecorder()
        let outlet = Outlet<Int>(buffer: .keepLast(3), name: "numbers", logger: log.logger)
        outlet.emit([1, 2, 3, 4, 5])
        #expect(log.messages.items == ["warning: numbers dropped 2 events: its buffer is full"])
    }
}
