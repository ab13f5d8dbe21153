import StagesTesting
import Testing

@testable import Stages

@Suite("Demand window")
struct WindowStateMachineTests {
    @Test("Whatever is settled and however it is resized, no more than the window is asked for", arguments: 0..<200)
    func neverExceeded(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var maximum = Int.random(in: 1...50, using: &random)
        var window = try WindowStateMachine(maximum: maximum, minimum: nil)
        var asked = window.open(isEager: Bool.random(using: &random))
        var settled = 0
        #expect(asked == maximum)
        for _ in 0..<200 {
            if Int.random(in: 0..<5, using: &random) == 0 {
                let smaller = maximum
                maximum = Int.random(in: 1...50, using: &random)
                let minimum = Bool.random(using: &random) ? nil : Int.random(in: 0..<maximum, using: &random)
                let before = window.outstanding
                let ask = try window.resize(maximum: maximum, minimum: minimum)
                asked += ask
                // A larger window asks for the difference at once, as far as there is room.
                #expect(ask >= min(maximum - smaller, maximum - before) || maximum <= smaller)
                #expect(ask == 0 || before + ask <= maximum)
            } else {
                let count = Int.random(in: 0...window.outstanding, using: &random)
                let before = window.outstanding
                let ask = window.settle(count)
                settled += count
                asked += ask
                #expect(ask == 0 || before - count + ask <= maximum)
                // It never waits for itself: with nothing outstanding it has asked again.
                #expect(window.outstanding > 0)
            }
            #expect(asked == settled + window.outstanding)
        }
    }

    @Test("An eager window asks for each place as it is free")
    func eager() throws {
        var window = try WindowStateMachine(maximum: 10, minimum: 0)
        #expect(window.open(isEager: true) == 10)
        #expect(window.settle(1) == 1)
        #expect(try window.resize(maximum: 5, minimum: nil) == 0)
        #expect(window.settle(5) == 0)
        #expect(window.settle(1) == 1)
    }

    @Test("A window that does not fit is refused and changes nothing")
    func refused() throws {
        var window = try WindowStateMachine(maximum: 10, minimum: 5)
        _ = window.open(isEager: false)
        #expect(throws: SubscriptionError.maxDemandNotPositive(0)) { try window.resize(maximum: 0, minimum: nil) }
        #expect(throws: SubscriptionError.minDemandOutOfRange(7, maxDemand: 7)) {
            try window.resize(maximum: 7, minimum: 7)
        }
        #expect(window.maximum == 10)
        #expect(window.minimum == 5)
    }
}
