@testable import Bench
import StagesTesting
import TestSupport
import Testing

@Suite("Forty receivers of which half are broken in turn, and a server that is killed", .timeLimit(.minutes(5)))
struct TurmoilTests {
    /// What a receiver does when it is broken.
    enum Fault: CaseIterable, Sendable {
        case refusesConnections, answersWith500, answersWith503, answersLate, closes, resets, neverAnswers, saysNoHTTP
        case redirects, refuses, drips

        var answer: Answer {
            switch self {
            case .refusesConnections, .closes: .close
            case .answersWith500: .status(500)
            case .answersWith503: .status(503, headers: ["retry-after": "1"])
            case .answersLate: .status(200, after: .milliseconds(1500))
            case .resets: .raw("", reset: true)
            case .neverAnswers: .never
            case .saysNoHTTP: .raw("220 mail.example.com ESMTP\r\n")
            case .redirects: .status(307, headers: ["location": "/"])
            case .refuses: .status(404)
            case .drips: .drip("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n", every: .milliseconds(250))
            }
        }
    }

    /// What happens in a run, drawn from its seed alone.
    struct Schedule: CustomStringConvertible {
        struct Round {
            /// By receiver.
            var faults: [Int: Fault]
            /// How many messages of the round are acknowledged when the server is killed.
            var killsAfter: Int
        }

        static let receivers = 40
        static let messages = 30
        var rounds: [Round]

        init(seed: UInt64) {
            var random = SeededGenerator(seed: seed)
            rounds = (0..<3).map { _ in
                let broken = (0..<Self.receivers).shuffled(using: &random).prefix(Self.receivers / 2).sorted()
                let faults = broken.map { ($0, Fault.allCases.randomElement(using: &random) ?? .closes) }
                return Round(
                    faults: Dictionary(uniqueKeysWithValues: faults),
                    killsAfter: Int.random(in: 1..<Self.messages, using: &random)
                )
            }
        }

        var description: String {
            rounds.map { round in
                let faults = round.faults.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
                return "killed after \(round.killsAfter) messages; \(faults.joined(separator: ", "))"
            }.joined(separator: "\n")
        }
    }

    @Test(
        "lose nothing, hold up none of those that are well, and get everything in the end",
        arguments: Database.allCases
    )
    func turmoil(database: Database) async throws {
        for seed in Seeds.drawn(share: 0.02) { try await turmoil(database, seed: seed) }
    }

    private func turmoil(_ database: Database, seed: UInt64) async throws {
        let schedule = Schedule(seed: seed)
        print("POSTOFFICE_SEED=\(seed) repeats this turmoil with \(database):\n\(schedule)")
        let receivers = try (0..<Schedule.receivers).map { _ in try Receiver() }
        let server = try ServerProcess(try await database.settings(["MAX_DEMAND": "10"]))
        try await server.start()
        let chronicle = Chronicle(server, seed: seed)
        try await chronicle.createTopic("turmoil")
        var publishers: [Int] = []
        for (number, receiver) in receivers.enumerated() {
            let fields: [String: any Sendable] = [
                "seconds_retry": 1, "seconds_retry_max": 1, "ordering": number % 10 == 9 ? "strict" : "none",
            ]
            publishers.append(try await chronicle.subscribe(receiver, to: "turmoil", fields))
        }
        for (number, round) in schedule.rounds.enumerated() {
            for (index, fault) in round.faults.sorted(by: { $0.key < $1.key }) {
                if fault == .refusesConnections {
                    // Who has an answer cut off that it has given gets the message again, and that is no fault.
                    try await chronicle.api.settled(publishers[index])
                    receivers[index].stop()
                }
                receivers[index].answer { _ in fault.answer }
                // Who does answer, however late, is not timed out: that would be a message again that it has taken.
                if fault == .neverAnswers {
                    try await chronicle.api.updatePublisher(publishers[index], ["seconds_timeout": 2])
                }
            }
            let before = chronicle.acceptedIDs.count
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let senders = Senders(chronicle: chronicle, topic: "turmoil")
                    try await senders.post(Schedule.messages, by: 3, name: "round\(number)")
                }
                group.addTask {
                    try await chronicle.accepted(before + round.killsAfter)
                    try await chronicle.kill()
                    try await chronicle.start()
                }
                try await group.waitForAll()
            }
            // Those that are well get everything beside those that are not.
            let accepted = chronicle.acceptedIDs
            for (index, receiver) in receivers.enumerated() where round.faults[index] == nil {
                try await receiver.delivered(accepted)
            }
            for (index, fault) in round.faults {
                if fault == .neverAnswers {
                    try await chronicle.api.updatePublisher(publishers[index], ["seconds_timeout": 60])
                }
                receivers[index].answer { _ in .ok }
                // Its port may be the near end of somebody's connection for a moment.
                if fault == .refusesConnections { try await eventually { (try? receivers[index].start()) != nil } }
            }
        }
        try await chronicle.judge()
    }

    @Test("The schedule of a seed is always the same, and another one's is another")
    func repeatable() {
        #expect("\(Schedule(seed: 7))" == "\(Schedule(seed: 7))")
        #expect("\(Schedule(seed: 7))" != "\(Schedule(seed: 8))")
        #expect(Schedule(seed: 7).rounds.allSatisfy { $0.faults.count == Schedule.receivers / 2 })
    }
}
