import Testing

@testable import Pipeline

@Suite struct AccessTokenStateMachineTests {
    private var machine = AccessTokenStateMachine()

    private func time(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }

    private func token(_ text: String, from: Int64, to: Int64) -> AccessToken {
        AccessToken(text: text, account: .init(email: "a@b"), fetchedAt: time(from), expiresAt: time(to))
    }

    @Test("One fetch is begun, whoever asks, and its token is the answer until it is about to expire")
    mutating func life() {
        #expect(machine.ask(at: time(0)) == (.wait, true))
        #expect(machine.ask(at: time(0)) == (.wait, false))
        let first = token("1", from: 0, to: 3600)
        machine.fetched(.success(first), at: time(1))
        #expect(machine.ask(at: time(3299)) == (.token(first), false))
        // The next one is fetched while this one serves.
        #expect(machine.ask(at: time(3300)) == (.token(first), true))
        #expect(machine.ask(at: time(3301)) == (.token(first), false))
        let second = token("2", from: 3300, to: 6900)
        machine.fetched(.success(second), at: time(3301))
        #expect(machine.ask(at: time(3302)) == (.token(second), false))
    }

    @Test("A token whose time is over does not serve")
    mutating func expired() {
        _ = machine.ask(at: time(0))
        machine.fetched(.success(token("1", from: 0, to: 10)), at: time(1))
        #expect(machine.ask(at: time(10)) == (.wait, true))
    }

    @Test("A failure is everybody's answer for a second, and then another fetch is begun")
    mutating func failure() {
        _ = machine.ask(at: time(0))
        machine.fetched(.failure(.noCredentials), at: time(1))
        #expect(machine.ask(at: time(1)) == (.failure(.noCredentials), false))
        #expect(machine.ask(at: time(2)) == (.wait, true))
    }

    @Test("A token that still serves does so while the next one cannot be fetched")
    mutating func failedRefresh() {
        _ = machine.ask(at: time(0))
        let first = token("1", from: 0, to: 3600)
        machine.fetched(.success(first), at: time(1))
        #expect(machine.ask(at: time(3400)) == (.token(first), true))
        machine.fetched(.failure(.noCredentials), at: time(3401))
        #expect(machine.ask(at: time(3401)) == (.token(first), false))
        #expect(machine.ask(at: time(3403)) == (.token(first), true))
    }

    @Test("A token that was not accepted does not serve any more; one fetched since then does")
    mutating func rejected() {
        _ = machine.ask(at: time(0))
        let first = token("1", from: 0, to: 3600)
        let second = token("2", from: 5, to: 3600)
        machine.fetched(.success(first), at: time(1))
        machine.reject(first)
        #expect(machine.ask(at: time(5)) == (.wait, true))
        machine.fetched(.success(second), at: time(6))
        machine.reject(first)
        #expect(machine.ask(at: time(6)) == (.token(second), false))
    }

    @Test("When nobody fetches any more there is nothing to wait for")
    mutating func closed() {
        _ = machine.ask(at: time(0))
        machine.close()
        #expect(machine.ask(at: time(0)) == (.failure(.cancelled), false))
    }
}
