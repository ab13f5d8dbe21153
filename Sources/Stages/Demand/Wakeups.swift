/// The run loops to wake once a lock has been left. Nearly always it is one, which needs no array.
@usableFromInline
struct Wakeups {
    @usableFromInline var first: Signal?
    @usableFromInline var others: [Signal] = []

    @inlinable
    init() {}

    @inlinable
    mutating func add(_ signal: Signal?) {
        if first == nil { first = signal } else if let signal, signal !== first { others.append(signal) }
    }

    @inlinable
    func raise() {
        first?.raise()
        for signal in others { signal.raise() }
    }
}
