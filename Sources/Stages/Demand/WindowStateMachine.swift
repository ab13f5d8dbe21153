/// The demand window of one subscription: how much has been asked for and not yet been processed, and when to ask again.
///
/// After GenStage: ask for `maximum` once, and whenever `minimum` or fewer are outstanding ask for what is missing to
/// `maximum`, so that the producer works while the consumer does. An *eager* window asks for every place at once when it
/// is free; it serves consumers that handle their events one by one, in tasks of their own.
@usableFromInline
struct WindowStateMachine: Sendable {
    @usableFromInline private(set) var maximum: Int
    @usableFromInline private(set) var minimum: Int
    /// Asked for and not yet processed. Above `maximum` only after the window was made smaller.
    @usableFromInline private(set) var outstanding = 0
    @usableFromInline private(set) var isOpen = false
    private var isEager = false
    /// The consumer asks by itself, and nothing is asked for it.
    let isManual: Bool

    init(maximum: Int, minimum: Int?, isManual: Bool = false) throws(SubscriptionError) {
        self.maximum = 0
        self.minimum = 0
        self.isManual = isManual
        try set(maximum: maximum, minimum: minimum)
    }

    /// The most events that go to the handler at a time.
    @usableFromInline
    var batchSize: Int { maximum - minimum }

    /// The consumer begins to pull. Returns the first ask; zero if the window is open already.
    @usableFromInline
    mutating func open(isEager: Bool) -> Int {
        guard !isOpen else { return 0 }
        isOpen = true
        self.isEager = isEager
        // A manual one may have asked already.
        return isManual ? outstanding : ask(maximum)
    }

    /// The consumer asks by itself. Returns what is to be asked for now.
    mutating func askManually(_ count: Int) -> Int {
        let count = ask(count)
        return isOpen ? count : 0
    }

    /// `count` events have been processed. Returns what is to be asked for now.
    @usableFromInline
    mutating func settle(_ count: Int) -> Int {
        outstanding -= count
        if isManual { return 0 }
        return isEager || outstanding <= minimum ? ask(maximum - outstanding) : 0
    }

    /// Changes the window while it is in use. A larger one asks for the difference at once; a smaller one asks for
    /// nothing until what is outstanding fits.
    mutating func resize(maximum: Int, minimum: Int?) throws(SubscriptionError) -> Int {
        let growth = maximum - self.maximum
        try set(maximum: maximum, minimum: minimum)
        guard isOpen, !isManual else { return 0 }
        let missing = maximum - outstanding
        return ask(isEager || outstanding <= self.minimum ? missing : min(growth, missing))
    }

    private mutating func set(maximum: Int, minimum: Int?) throws(SubscriptionError) {
        guard maximum > 0 else { throw .maxDemandNotPositive(maximum) }
        let minimum = minimum ?? maximum / 2
        guard minimum >= 0, minimum < maximum else { throw .minDemandOutOfRange(minimum, maxDemand: maximum) }
        self.maximum = maximum
        self.minimum = minimum
    }

    @usableFromInline
    mutating func ask(_ count: Int) -> Int {
        let count = max(0, count)
        outstanding += count
        return count
    }
}
