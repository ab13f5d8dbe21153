/// One round with one origin, as a value: what is asked of the origin and of the store next, and what that comes to.
///
///     var round = RecoveryRound(…)
///     var step = round.begin()
///     while step != .end { step = round.next(what came of the step) }
///
/// The order is what makes it exact: entries are stored, with a record of each in the same transaction, before their
/// deletion is asked for; and the record goes when the deletion has been answered with success. Wherever it breaks off,
/// the next round lists what is still there, finds the record, and only asks for the deletion again.
struct RecoveryRound: Sendable {
    enum Step: Sendable, Equatable {
        /// `GET` of the URL.
        case list(String)
        case store([RecoveredEntry])
        /// `DELETE` of the URL.
        case delete(String)
        /// These entries are gone at the origin.
        case forget([String])
        /// The origin has nothing.
        case forgetAll
        case end
    }

    enum Event: Sendable {
        case listed(HTTPExchange)
        case stored(RecoveryReceipt)
        case storeFailed(StoreError)
        case deleted(HTTPExchange)
        case forgotten
    }

    /// What is remembered of an origin from one round to the next.
    struct Memory: Sendable, Equatable {
        /// How many entries it is asked for at a time; nil leaves that to it.
        var limit: Int?
        /// Its list is found with a slash at the end that no topic has written.
        var addsSlash = false
    }

    /// A transaction stays short, but for an entry that is larger by itself.
    static let sliceMessages = 500
    static let sliceBytes = 4 << 20
    /// Refused deletions in a row after which the round ends.
    static let mostRefusals = 5
    /// Entries that a round takes: the next one goes on.
    static let mostConfirmed = 10_000
    /// Entries that the original's client lists at a time, the oldest first.
    static let usualPage = 100
    static let largestPage = 5000

    let origin: Origin
    /// Names of the topics that recover from this origin, with their ids.
    let topics: [String: Int64]
    private let now: Timestamp
    private(set) var memory: Memory
    /// What went wrong, as a sentence; nil when nothing did.
    private(set) var problem: String?
    /// Whether the origin did not answer as it should, so that others go first next time.
    private(set) var hasFailed = false
    /// Messages stored.
    private(set) var recovered = 0
    /// What was listed last and had to be left there.
    private(set) var left: [OriginListing.Refusal] = []

    private var hasTriedSlash = false
    private var entries: ArraySlice<RecoveredEntry> = []
    private var slice: [RecoveredEntry] = []
    private var deletions: ArraySlice<String> = []
    private var gone: [String] = []
    private var confirmed: Set<String> = []
    private var refusalsInARow = 0
    private var hasProgressed = false
    private var isOver = false

    init(origin: Origin, topics: [String: Int64], memory: Memory, now: Timestamp) {
        self.origin = origin
        self.topics = topics
        self.memory = memory
        self.now = now
    }

    mutating func begin() -> Step { list() }

    mutating func next(_ event: Event) -> Step {
        switch event {
        case .listed(let exchange): return listed(exchange)
        case .stored(let receipt): return stored(receipt)
        case .storeFailed(let error):
            problem = "\(error)"
            return .end
        case .deleted(let exchange): return deleted(exchange)
        case .forgotten: return forgotten()
        }
    }

    // MARK: Listing

    private mutating func list() -> Step {
        hasProgressed = false
        return .list(origin.listing(limit: memory.limit, addsSlash: memory.addsSlash))
    }

    private mutating func listed(_ exchange: HTTPExchange) -> Step {
        if let failure = exchange.failure { return fail("\(failure)") }
        let status = exchange.status ?? 0
        if [301, 302, 307, 308, 404].contains(status), !origin.endsWithSlash, !hasTriedSlash {
            hasTriedSlash = true
            memory.addsSlash.toggle()
            return list()
        }
        guard 200..<300 ~= status else {
            if hasTriedSlash { memory.addsSlash = false }
            // It may not like to be asked for so many.
            memory.limit = nil
            return fail("it answered with status \(status)")
        }
        if exchange.isCutOff {
            let smaller = memory.limit.map { $0 / 7 } ?? Self.usualPage / 2
            guard smaller > 0 else {
                return fail("its answer is longer than \(exchange.body.count) bytes, even of one entry")
            }
            memory.limit = smaller
            return list()
        }
        do throws(JSONError) {
            return take(try OriginListing(exchange.body))
        } catch {
            return fail("it answered with something else than an array of entries: \(error)")
        }
    }

    private mutating func take(_ listing: OriginListing) -> Step {
        left = listing.refusals
        if listing.count == 0 { return .forgetAll }
        entries = []
        for entry in listing.entries {
            if confirmed.contains(entry.id) {
                // Taken once more it would be delivered once more, as often as it is asked.
                isOver = true
                problem = "it lists entry \(entry.id) although it has answered its deletion with success"
            } else if let reason = unknownTopic(of: entry) {
                left.append(OriginListing.Refusal(id: entry.id, reason: reason))
            } else {
                entries.append(recovered(entry))
            }
        }
        adaptLimit()
        return store()
    }

    private func unknownTopic(of entry: OriginListing.Entry) -> String? {
        entry.messages.first { topics[$0.topic] == nil }.map { message in
            "no topic \(message.topic.debugDescription) recovers from this origin"
        }
    }

    private func recovered(_ entry: OriginListing.Entry) -> RecoveredEntry {
        var appends: [Append] = []
        for message in entry.messages {
            guard let topic = topics[message.topic] else { continue }
            let new = NewMessage(payload: message.payload, attributes: message.attributes, receivedAt: now)
            if appends.last?.topicID == topic {
                appends[appends.count - 1].messages.append(new)
            } else {
                appends.append(Append(topicID: topic, messages: [new]))
            }
        }
        return RecoveredEntry(id: entry.id, digest: entry.digest, appends: appends)
    }

    /// Entries that are left stay at the head of the list: they must not fill what is shown of it.
    private mutating func adaptLimit() {
        if left.count >= min(memory.limit ?? Self.usualPage, Self.usualPage) {
            memory.limit = min(left.count + Self.usualPage, Self.largestPage)
        } else if let limit = memory.limit, limit >= Self.usualPage {
            memory.limit = nil
        }
    }

    // MARK: Storing

    private mutating func store() -> Step {
        var messages = 0
        var bytes = 0
        slice = Array(
            entries.prefix { entry in
                messages += entry.messageCount
                bytes += entry.bytes
                return messages <= Self.sliceMessages && bytes <= Self.sliceBytes
            }
        )
        if slice.isEmpty { slice = Array(entries.prefix(1)) }
        entries = entries.dropFirst(slice.count)
        guard slice.isEmpty else { return .store(slice) }
        let goesOn = hasProgressed && !isOver && confirmed.count < Self.mostConfirmed
        return goesOn ? list() : .end
    }

    private mutating func stored(_ receipt: RecoveryReceipt) -> Step {
        deletions = []
        for (entry, result) in zip(slice, receipt.results) {
            switch result {
            case .appended(let ids):
                recovered += ids.count
                deletions.append(entry.id)
            case .known:
                deletions.append(entry.id)
            case .unknownTopic:
                left.append(OriginListing.Refusal(id: entry.id, reason: "its topic has just been deleted"))
            case .failed(let error):
                left.append(OriginListing.Refusal(id: entry.id, reason: "\(error)"))
            }
        }
        return delete()
    }

    // MARK: Confirming

    private mutating func delete() -> Step {
        guard let id = deletions.first else {
            defer { gone = [] }
            return gone.isEmpty ? forgotten() : .forget(gone)
        }
        return .delete(origin.entry(id))
    }

    private mutating func deleted(_ exchange: HTTPExchange) -> Step {
        guard let id = deletions.popFirst() else { return .end }
        let status = exchange.status ?? 0
        if 200..<300 ~= status || status == 404 || status == 410 {
            gone.append(id)
            confirmed.insert(id)
            hasProgressed = true
            refusalsInARow = 0
            return delete()
        }
        hasFailed = true
        let words = exchange.failure.map { "\($0)" } ?? "it answered with status \(status)"
        problem = "entry \(id) is stored, and could not be deleted there: \(words)"
        refusalsInARow += 1
        if exchange.failure != nil || refusalsInARow >= Self.mostRefusals {
            isOver = true
            deletions = []
            entries = []
        }
        return delete()
    }

    private mutating func forgotten() -> Step { store() }

    private mutating func fail(_ problem: String) -> Step {
        self.problem = problem
        hasFailed = true
        return .end
    }
}
