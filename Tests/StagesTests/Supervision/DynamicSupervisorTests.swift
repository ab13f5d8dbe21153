import Logging
import Stages
import StagesTesting
import Testing

@Suite("Dynamic supervisors", .timeLimit(.minutes(1)))
struct DynamicSupervisorTests {
    private let puppets = Puppets()
    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test("U08 Any number of children from a template, with a maximum; a start beyond it is refused")
    func template() async throws {
        let jobs = DynamicSupervisor<String>("jobs", maxChildren: 2, logger: quiet) { [puppets] name in
            if name.isEmpty { throw TestError("no name") }
            return puppets.worker(name, restart: name == "transient" ? .transient : .temporary)
        }
        try await running(jobs.supervisor) {
            await #expect(throws: TestError("no name")) { try await jobs.start("") }
            let first = try await jobs.start("transient")
            let second = try await jobs.start("other")
            expect(Set(try await puppets.log.next(2)), ["+transient", "+other"])
            #expect(jobs.children == [first, second])
            let error = await #expect(throws: SupervisorError.self) { try await jobs.start("third") }
            #expect("\(try #require(error))" == "there are 2 children already, which is the maximum")
            // Restarted alone, and forgotten when it has ended for good.
            puppets.fail("transient")
            expect(try await puppets.log.next(2), ["-transient", "+transient"])
            puppets.end("transient")
            expect(try await puppets.log.next(), "-transient")
            while jobs.counts.specified != 1 { await Task.yield() }
            await jobs.terminate(second)
            expect(try await puppets.log.next(), "-other")
            #expect(jobs.children.isEmpty)
            for number in 0..<100 {
                let child = try await jobs.start("\(number)")
                expect(try await puppets.log.next(), "+\(number)")
                await jobs.terminate(child)
                expect(try await puppets.log.next(), "-\(number)")
            }
            #expect(jobs.snapshot().children.isEmpty)
        }
    }

    @Test("U07 Children are listed and counted")
    func counts() async throws {
        let inner = Supervisor("inner", logger: quiet)
        let supervisor = Supervisor(
            "top",
            logger: quiet,
            children: [puppets.worker("a"), ChildSpecification("inner") { inner }]
        )
        try await running(supervisor) {
            expect(try await puppets.log.next(), "+a")
            try await supervisor.start(puppets.worker("b"))
            #expect(supervisor.children == ["a", "inner", "b"])
            while supervisor.counts.active != 3 { await Task.yield() }
            await supervisor.terminate("b")
            #expect(supervisor.counts.specified == 3)
            #expect(supervisor.counts.active == 2)
            #expect(supervisor.counts.supervisors == 1)
        }
    }

    @Test(
        "U09 Auto-shutdown: never, or when any or when all significant children have ended",
        arguments: [(AutoShutdown.never, nil), (.anySignificant, "a"), (.allSignificant, "b")]
            as [(AutoShutdown, String?)]
    )
    func autoShutdown(mode: AutoShutdown, last: String?) async throws {
        let supervisor = Supervisor(
            "top",
            autoShutdown: mode,
            logger: quiet,
            children: [
                puppets.worker("a", restart: .transient).significant(),
                puppets.worker("b", restart: .temporary).significant(), puppets.worker("c", restart: .transient),
            ]
        )
        try await withThrowingTaskGroup { group in
            group.addTask { try await supervisor.run() }
            _ = try await puppets.log.next(3)
            puppets.end("c")
            expect(try await puppets.log.next(), "-c")
            // A failure of a transient child is no end.
            puppets.fail("a")
            expect(try await puppets.log.next(2), ["-a", "+a"])
            puppets.end("a")
            expect(try await puppets.log.next(), "-a")
            if last != "a" {
                while supervisor.counts.active != 1 { await Task.yield() }
                puppets.fail("b")
            }
            expect(try await puppets.log.next(), "-b")
            if last == nil {
                while supervisor.counts.active != 0 { await Task.yield() }
                #expect(supervisor.snapshot().state == .running)
                group.cancelAll()
            }
            // It returns: its end is a normal one.
            try await group.waitForAll()
        }
    }
}
