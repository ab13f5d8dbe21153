/// One request as a receiver got it, and what it answered.
struct Arrival: Sendable {
    /// 0 for the first request of this receiver, then 1, and so on.
    var order: Int
    var method = ""
    var path: String
    /// By lower-case name.
    var headers: [String: String]
    var body: [UInt8]

    /// The `message-id` header; 0 when there is none.
    var messageID: Int { headers["message-id"].flatMap(Int.init) ?? 0 }
    var attempt: Int { headers["postoffice-attempt"].flatMap(Int.init) ?? 0 }
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// What a receiver does with a request.
enum Answer: Sendable {
    case status(Int, headers: [String: String] = [:], after: Duration = .zero)
    /// Keeps the connection open and says nothing.
    case never
    /// Closes the connection without an answer.
    case close
    /// Sends this, which may be no HTTP or only a part of it, and ends the connection: in order, or with a reset.
    case raw(String, reset: Bool = false)
    /// Sends this, a byte at a time.
    case drip(String, every: Duration)
    /// Sends a status and a body that goes on until nobody reads it any more.
    case endless(Int)

    static let ok = Answer.status(200)

    /// Whether it tells a sender who waits for it that the message has arrived.
    var isSuccess: Bool {
        switch self {
        case .status(200..<300, _, _), .endless(200..<300): true
        case .status, .endless, .never, .close, .raw, .drip: false
        }
    }
}
