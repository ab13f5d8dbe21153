import Pipeline

/// How the receiver behind one address behaves for a while.
package enum Behaviour: Sendable, Equatable {
    case well
    /// Refuses connections.
    case down
    /// Takes the request and says nothing, until the caller gives up.
    case blackHole
    /// Answers after up to so many seconds.
    case slow(Double)
    /// Answers 500 to each message whose id leaves this remainder when divided by three.
    case poisoned(Int64)
    /// Answers 400 to each message whose id leaves this remainder when divided by three.
    case choosy(Int64)
    /// Answers this to everything.
    case refusing(Int)
    /// Answers 429 or 503, and asks to be left alone for so many seconds.
    case busy(Int, Double)
    /// Answers 410 once.
    case gone
    /// Has taken some of the requests whose answer is lost.
    case losingAnswers(Double)
    /// Answers 502 to some.
    case flaky(Double)
}

/// What a receiver does with one request.
struct Reaction {
    enum Answer: Equatable {
        case status(Int, retryAfter: Duration? = nil)
        /// The connection is refused, or reset after the request was taken.
        case broken(String)
    }

    /// nil: never.
    var after: Duration?
    var answer: Answer
}

/// The receiver behind one address: a script over virtual time, drawn from a seed. It outlives the processes that send.
final class Receiver: Sendable {
    private let script: [(until: Duration, behaviour: Behaviour)]
    private let dice: Dice
    private let said410 = Counter()

    /// - Parameters:
    ///   - script: Behaviours and until when they last, in seconds; nil: drawn.
    ///   - horizon: A drawn one ends then, and all is well.
    init(seed: UInt64, address: String, script: [(until: Double, behaviour: Behaviour)]?, horizon: Duration) {
        dice = Dice(seed: seed, part: address)
        if let script {
            self.script = script.map { (.milliseconds(Int64($0.until * 1000)), $0.behaviour) }
            return
        }
        var script: [(until: Duration, behaviour: Behaviour)] = []
        var time = Duration.zero
        while time < horizon {
            time += dice.seconds(1...120)
            script.append((time, dice.chance(0.35) ? .well : Self.draw(dice)))
        }
        self.script = script
    }

    private static func draw(_ dice: Dice) -> Behaviour {
        switch dice.number(0...9) {
        case 0: .down
        case 1: .blackHole
        case 2: .slow(dice.pick([0.5, 3, 20]))
        case 3: .poisoned(Int64(dice.number(0...2)))
        case 4: .choosy(Int64(dice.number(0...2)))
        case 5: .refusing(dice.pick([401, 404, 302]))
        case 6: .busy(dice.pick([429, 503]), dice.pick([1, 30, 200]))
        case 7: dice.chance(0.3) ? .gone : .down
        case 8: .losingAnswers(dice.real(0.1...0.9))
        default: .flaky(dice.real(0.1...0.9))
        }
    }

    /// - Parameter time: since the beginning.
    func react(to message: Int64, at time: Duration) -> Reaction {
        let behaviour = script.first { time < $0.until }?.behaviour ?? .well
        let soon = dice.chance(0.3) ? .zero : dice.seconds(0.001...0.2)
        switch behaviour {
        case .well:
            return Reaction(after: soon, answer: .status(200))
        case .down:
            return Reaction(after: .zero, answer: .broken("connection refused"))
        case .blackHole:
            return Reaction(after: nil, answer: .broken("timed out"))
        case .slow(let most):
            return Reaction(after: dice.seconds(0.01...most), answer: .status(200))
        case .poisoned(let remainder):
            return Reaction(after: soon, answer: .status(message % 3 == remainder ? 500 : 200))
        case .choosy(let remainder):
            return Reaction(after: soon, answer: .status(message % 3 == remainder ? 400 : 200))
        case .refusing(let status):
            return Reaction(after: soon, answer: .status(status))
        case .busy(let status, let seconds):
            return Reaction(
                after: soon,
                answer: .status(status, retryAfter: dice.chance(0.7) ? .seconds(Int(seconds)) : nil)
            )
        case .gone:
            said410.increase()
            return Reaction(after: soon, answer: .status(said410.value == 1 ? 410 : 200))
        case .losingAnswers(let share):
            let isLost = dice.chance(share)
            return Reaction(after: soon, answer: isLost ? .broken("connection reset by peer") : .status(200))
        case .flaky(let share):
            return Reaction(after: soon, answer: .status(dice.chance(share) ? 502 : 200))
        }
    }
}
