import Logging
import Stages
import StagesTesting
import Testing

@Suite("Telemetry", .timeLimit(.minutes(1)))
struct TelemetryTests {
    private final class Listener: Telemetry {
        let events = Mailbox<String>()

        func record(_ event: TelemetryEvent, of stage: String) {
            let words =
                switch event {
                case .handlerStarted(let count): "start \(count)"
                case .handlerStopped(let count, let duration): "stop \(count) \(duration)"
                case .handlerFailed(let count, let duration, let error): "exception \(count) \(duration) \(error)"
                case .dropped(let count): "dropped \(count)"
                case .subscribed: "subscribed"
                case .consumerSubscribed: "consumer subscribed"
                case .unsubscribed(_, let reason): "unsubscribed, \(reason)"
                case .consumerUnsubscribed(_, let reason): "consumer unsubscribed, \(reason)"
                }
            events.post("\(stage): \(words)")
        }
    }

    @Test("L05 Start, stop and exception of each handler call, with duration and event count")
    func handlers() async throws {
        let clock = ManualClock()
        let listener = Listener()
        let outlet = Outlet<Int>()
        let consumer = ProbeConsumer { events in
            clock.advance(by: .seconds(2))
            if events.contains(3) { throw TestError("three") }
        }
        consumer.attach(StageContext(name: "sink", clock: clock, telemetry: listener))
        outlet.emit([1, 2, 3])
        try consumer.inlet.subscribe(to: outlet, .init(maxDemand: 4, minDemand: 2))
        await #expect(throws: TestError("three")) { try await consumer.run() }
        expect(
            try await listener.events.next(6),
            [
                "sink: subscribed", "sink: start 2", "sink: stop 2 2.0 seconds", "sink: start 1",
                "sink: exception 1 2.0 seconds three", "sink: unsubscribed, failed: three",
            ]
        )
    }

    @Test("L05 Buffer drops and changes of subscriptions; a supervisor names its children")
    func subscriptions() async throws {
        let listener = Listener()
        let producer = ProbeProducer(Outlet(buffer: .keepLast(1), onDrop: { _ in }))
        let supervisor = Supervisor(
            "top",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            telemetry: listener,
            children: [ChildSpecification("numbers") { producer }]
        )
        try await running(supervisor) {
            while supervisor.counts.active == 0 || supervisor.snapshot().children.contains(where: { !$0.isRunning }) {
                await Task.yield()
            }
            producer.outlet.emit([1, 2, 3])
            expect(try await listener.events.next(), "numbers: dropped 2")
            let consumer = ProbeConsumer()
            let subscription = try consumer.inlet.subscribe(to: producer.outlet, .init(maxDemand: 5))
            expect(try await listener.events.next(), "numbers: consumer subscribed")
            subscription.cancel()
            expect(try await listener.events.next(), "numbers: consumer unsubscribed, was cancelled")
        }
    }
}
