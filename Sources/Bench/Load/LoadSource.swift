/// What a load generator sends, and what becomes of it. Called on the generator's thread only.
protocol LoadSource {
    /// What a free connection does now. Times are nanoseconds of `MonotonicClock`.
    mutating func next(at now: UInt64) -> LoadStep
    mutating func answered(_ answer: LoadAnswer)
}

enum LoadStep {
    /// Send request `number`, whose payload names `start`.
    case send(number: UInt64, start: UInt64)
    case wait(until: UInt64)
    /// Nothing more: end when what is under way has been answered.
    case finished
}

/// The answer to one request.
struct LoadAnswer {
    var number: UInt64
    /// 0 when there was none.
    var status: Int
    /// Why there was none.
    var failure: String?
    /// Valid during the call only.
    var body: UnsafeRawBufferPointer
}

extension LoadAnswer {
    /// The id of an accepted message: `{"data":{"id":17}}`.
    var id: Int? {
        let key = Self.idKey
        var at = 0
        while at + key.count < body.count {
            if body[at] == key[0], body[at..<at + key.count].elementsEqual(key) {
                return RequestScanner.number(UnsafeRawBufferPointer(rebasing: body[(at + key.count)...])).map(Int.init)
            }
            at += 1
        }
        return nil
    }

    private static let idKey = Array(#""id":"#.utf8)

    /// What to say of an answer that was no success.
    var problem: String {
        failure ?? "\(status) \(String(decoding: body.prefix(200), as: UTF8.self))"
    }
}
