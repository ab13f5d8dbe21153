import ArgumentParser

/// What one publisher's trouble costs the others: black holes, a deep backlog, many parked messages.
struct IsolationCommand: AsyncParsableCommand, Measurement {
    static let configuration = CommandConfiguration(
        commandName: "isolation",
        abstract: "Delivers beside black holes, from a deep backlog and beside parked messages, next to without.",
        discussion: """
            The built server on a database that was filled before. With and without take turns of a fraction of a second, \
            so that what else the machine does falls on both.
            """
    )

    enum Part: String, ExpressibleByArgument, CaseIterable {
        case hole
        case holes
        case backlog
        case parked
    }

    @Option(help: "What is measured: hole (one), holes (a hundred), backlog or parked; all if not given.")
    var only: Part?
    @Option(help: "Messages waiting in the deep backlog.")
    var backlog = 1_000_000
    @Option(help: "Parked messages.")
    var parked = 100_000
    @Option(help: "Messages of a turn.")
    var messages = 8000
    @Option(help: "Turns of each a round; a third as many, and longer, with a hundred black holes.")
    var turns = 4
    @Option(help: "Length of each payload.")
    var payloadBytes = 256
    @OptionGroup var database: DatabaseOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try Payload.check(length: payloadBytes)
        guard backlog > 0, parked > 0, turns > 0 else {
            throw ValidationError("--backlog, --parked and --turns are at least 1")
        }
        guard messages >= 1000 else { throw ValidationError("--messages is at least 1000") }
    }

    func figures() async throws -> [Figure] {
        let folder = try ScratchFolder(in: output.folder)
        let database = try await database.make(in: folder.url)
        var figures: [Figure] = []
        if only == nil || only == .hole {
            figures.append(try await besideHoles("hole", count: 1, timeout: 600).figure(database))
            figures.append(try await besideHoles("hole_circuit", count: 1, timeout: 5).figure(database))
        }
        if only == nil || only == .holes {
            figures.append(try await besideHoles("holes", count: 100, timeout: 600).figure(database))
            figures.append(
                try await besideHoles("holes_circuit", count: 100, timeout: 5).figure(database)
            )
        }
        if only == nil || only == .backlog {
            let measurement = DeepBacklog(deep: backlog, payloadBytes: payloadBytes, rounds: output.rounds)
            figures += try await measurement.figures(database)
        }
        if only == nil || only == .parked {
            let measurement = ParkedRows(
                parked: parked,
                payloadBytes: payloadBytes,
                turns: turns * output.rounds,
                messages: messages
            )
            figures.append(try await measurement.figure(database))
        }
        return figures
    }

    /// Switching a hundred on and off takes a while, so there are fewer turns.
    private func besideHoles(_ name: String, count: Int, timeout: Int) -> BesideBlackHoles {
        BesideBlackHoles(
            name: name,
            healthy: count,
            holes: count,
            timeout: timeout,
            payloadBytes: payloadBytes,
            turns: count > 1 ? max(1, turns * output.rounds / 3) : turns * output.rounds,
            messages: count > 1 ? messages * 3 / 2 : messages
        )
    }
}
