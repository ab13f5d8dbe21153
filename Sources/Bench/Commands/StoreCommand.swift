import ArgumentParser
import Foundation
import Pipeline

/// How fast the store is by itself: appends and outcomes through group commit, and reading a backlog.
struct StoreCommand: AsyncParsableCommand, Measurement {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Appends to, settles in and reads from a store, next to what its database does by itself.",
        discussion: """
            SQLite stands next to the program `sqlite3`, PostgreSQL next to `pgbench`, both with one row a transaction. \
            PostgreSQL also takes appends beside a `pg_dump` of the backlog.
            """
    )

    @Option(help: "Callers at the same time, each with one message at a time.")
    var callers: [Int] = [1, 16, 256]
    @Option(help: "Topics that the callers append to, each to one.")
    var topics = 1
    @Option(help: "Messages a round and caller count.")
    var messages = 20_000
    @Option(help: "Messages to be read; the first is the yardstick of the others.")
    var backlog: [Int] = [10_000, 1_000_000]
    @Option(help: "Length of each payload.")
    var payloadBytes = 256
    @OptionGroup var database: DatabaseOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try Payload.check(length: payloadBytes)
        guard topics > 0 else { throw ValidationError("--topics is at least 1") }
        guard messages > 0, !callers.isEmpty, callers.allSatisfy({ (1...1000).contains($0) }) else {
            throw ValidationError("--messages is at least 1, --callers 1 to 1000")
        }
        guard !backlog.isEmpty, backlog.allSatisfy({ $0 > 0 }) else {
            throw ValidationError("--backlog is at least 1")
        }
    }

    func figures() async throws -> [Figure] {
        let folder = try ScratchFolder(in: output.folder)
        let database = try await database.make(in: folder.url)
        let yardstick: any StoreYardstick =
            switch database {
            case .sqlite(let folder): try await SQLiteYardstick(folder: folder, payloadBytes: payloadBytes)
            case .postgres(let url, let folder):
                try await PostgresYardstick(url: url, folder: folder, payloadBytes: payloadBytes)
            }
        let load = try await StoreLoad.open(database, topics: topics, payloadBytes: payloadBytes)
        let figures = try await load.serving {
            var figures: [Figure] = []
            for count in callers { figures.append(try await append(load, yardstick, callers: count)) }
            figures.append(try await bulk(load, yardstick))
            figures.append(try await settle(load, yardstick))
            figures += try await read(load)
            if case .postgres(let url, _) = database {
                figures.append(try await appendBesideDump(load, url))
            }
            return figures
        }
        try await database.clear()
        return figures
    }

    private var kind: Figure.Parameter { .text(database.database == nil ? "sqlite" : "postgres") }

    private func append(_ load: StoreLoad, _ yardstick: any StoreYardstick, callers: Int) async throws -> Figure {
        var values: [Double] = []
        var yardsticks: [Double] = []
        for _ in 1...output.rounds {
            yardsticks.append(try await yardstick.inserts(clients: callers))
            values.append(try await load.append(messages, by: callers, size: 1))
            Progress.say("append, \(callers) callers: \(Int(values.last!)), yardstick \(Int(yardsticks.last!))")
        }
        return Figure(
            "store_append",
            unit: "messages/s",
            parameters: [
                "callers": .number(callers), "topics": .number(topics), "payload_bytes": .number(payloadBytes),
                "store": kind,
            ],
            values: values,
            yardstick: yardstick.insertName,
            yardstickValues: yardsticks
        )
    }

    private func bulk(_ load: StoreLoad, _ yardstick: any StoreYardstick) async throws -> Figure {
        var values: [Double] = []
        var yardsticks: [Double] = []
        for _ in 1...output.rounds {
            yardsticks.append(try await yardstick.bulkInserts(rows: 100_000))
            values.append(try await load.append(100_000, by: 4, size: 1000))
            Progress.say("bulk append: \(Int(values.last!)), yardstick \(Int(yardsticks.last!))")
        }
        return Figure(
            "store_bulk_append",
            unit: "messages/s",
            parameters: ["callers": .number(4), "messages_a_call": .number(1000), "store": kind],
            values: values,
            yardstick: "1,000 rows an INSERT",
            yardstickValues: yardsticks
        )
    }

    private func settle(_ load: StoreLoad, _ yardstick: any StoreYardstick) async throws -> Figure {
        var values: [Double] = []
        var yardsticks: [Double] = []
        for _ in 1...output.rounds {
            yardsticks.append(try await yardstick.inserts(clients: 16))
            values.append(try await load.settle(messages, publishers: 64))
            Progress.say("settle: \(Int(values.last!)), yardstick \(Int(yardsticks.last!))")
        }
        return Figure(
            "store_settle",
            unit: "outcomes/s",
            parameters: ["publishers": .number(64), "store": kind],
            values: values,
            yardstick: yardstick.insertName,
            yardstickValues: yardsticks
        )
    }

    private func read(_ load: StoreLoad) async throws -> [Figure] {
        var reads: [Figure] = []
        var counts: [Figure] = []
        for count in backlog {
            try await load.fill(upTo: count)
            var values: [Double] = []
            var pending: [Double] = []
            for _ in 1...output.rounds {
                values.append(try await load.read(min(count, 10_000)))
                pending.append(try await load.countPending(1000))
            }
            Progress.say("backlog \(count): \(Int(Figure.median(values))) read, \(Int(Figure.median(pending))) counts")
            reads.append(figure("store_read", "messages/s", backlog: count, values, first: reads.first))
            counts.append(figure("store_pending_count", "answers/s", backlog: count, pending, first: counts.first))
        }
        return reads + counts
    }

    private func figure(
        _ name: String,
        _ unit: String,
        backlog count: Int,
        _ values: [Double],
        first: Figure?
    ) -> Figure {
        Figure(
            name,
            unit: unit,
            parameters: ["backlog": .number(count), "store": kind],
            values: values,
            yardstick: "backlog of \(backlog[0])",
            yardstickValues: first.map { [$0.value] } ?? values
        )
    }

    /// The snapshot of a dump keeps the old versions of the rows that change with each append.
    private func appendBesideDump(_ load: StoreLoad, _ url: String) async throws -> Figure {
        var values: [Double] = []
        var yardsticks: [Double] = []
        for _ in 1...output.rounds {
            yardsticks.append(try await load.append(messages, by: 16, size: 1))
            let dump = try PostgresDump(url: url)
            values.append(try await load.append(messages, by: 16, size: 1))
            try dump.end()
            Progress.say("append beside a dump: \(Int(values.last!)), without \(Int(yardsticks.last!))")
        }
        return Figure(
            "store_append_beside_dump",
            unit: "messages/s",
            parameters: ["callers": .number(16), "backlog": .number(backlog.last ?? 0), "store": kind],
            values: values,
            yardstick: "without a dump",
            yardstickValues: yardsticks
        )
    }
}
