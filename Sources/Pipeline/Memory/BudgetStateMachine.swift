import DequeModule

/// The one rule by which publishers share what a node has only so much of (payload bytes, connections).
///
/// Half is guaranteed, in equal shares, to the accounts that are enrolled (a publisher, from the start of its tree to
/// its end), and one share is kept back for whoever enrols next: so whatever the others hold, an account finds its share
/// free. That an idle one does not use it costs the others at most this half. The other half is first come, first
/// served. A request that does not fit its account's share waits in one queue for the common half, where its head is
/// never overtaken: a large message waits its turn and is not starved by small ones. Where a share would be less than
/// one, each may hold one of the guaranteed half, in turn.
struct BudgetStateMachine {
    typealias AccountID = Int64
    typealias RequestID = UInt64

    enum Half: Sendable {
        case guaranteed
        case common
    }

    struct Grant: Equatable {
        var request: RequestID
        var half: Half
    }

    private struct Request {
        var account: AccountID
        var amount: Int
    }

    private struct Account {
        var guaranteed = 0
        var common = 0
        /// Requests that wait, oldest first. Answered and withdrawn ones are skipped when they come to the front.
        var waiting: Deque<RequestID> = []
        /// Waits in `starved` for its turn at the guaranteed half.
        var isStarved = false
        var isEnrolled = false

        var isForgotten: Bool { !isEnrolled && guaranteed == 0 && common == 0 && waiting.isEmpty }
    }

    let capacity: Int
    private let guaranteedHalf: Int
    private let commonHalf: Int
    private(set) var guaranteedUsed = 0
    private(set) var commonUsed = 0
    private var accounts: [AccountID: Account] = [:]
    private var enrolled = 0
    private var requests: [RequestID: Request] = [:]
    private var commonQueue: Deque<RequestID> = []
    private var starved: Deque<AccountID> = []
    private var lastRequest: RequestID = 0

    init(capacity: Int) {
        self.capacity = capacity
        guaranteedHalf = capacity / 2
        commonHalf = capacity - capacity / 2
    }

    var used: Int { guaranteedUsed + commonUsed }
    var waitingCount: Int { requests.count }

    /// What each account may hold of the guaranteed half.
    var share: Int { max(guaranteedHalf / (enrolled + 1), 1) }

    func held(by account: AccountID) -> Int {
        accounts[account].map { $0.guaranteed + $0.common } ?? 0
    }

    func waiting(by account: AccountID) -> Int {
        accounts[account].map { account in account.waiting.count { requests[$0] != nil } } ?? 0
    }

    mutating func enrol(_ id: AccountID) {
        guard accounts[id]?.isEnrolled != true else { return }
        accounts[id, default: Account()].isEnrolled = true
        enrolled += 1
    }

    /// What it still holds comes back as it is given back. Shares grow: whoever waits may fit now.
    mutating func leave(_ id: AccountID) -> [Grant] {
        guard accounts[id]?.isEnrolled == true else { return [] }
        accounts[id]?.isEnrolled = false
        enrolled -= 1
        forget(id)
        // In order of arrival, since a dictionary has none.
        for request in commonQueue {
            if let account = requests[request]?.account { queueForTurn(account) }
        }
        return serve()
    }

    /// Grants at once, or not at all: never before somebody who waits.
    mutating func take(_ amount: Int, account id: AccountID) -> Half? {
        if let account = accounts[id] {
            guard account.waiting.isEmpty else { return nil }
        } else {
            accounts[id] = Account()
        }
        defer { forget(id) }
        return grant(amount, to: id)
    }

    /// A request that waits: the answer comes as a `Grant` from this or a later call.
    mutating func ask(_ amount: Int, account id: AccountID) -> (request: RequestID, half: Half?) {
        lastRequest += 1
        if let half = take(amount, account: id) { return (lastRequest, half) }
        requests[lastRequest] = Request(account: id, amount: amount)
        accounts[id, default: Account()].waiting.append(lastRequest)
        commonQueue.append(lastRequest)
        queueForTurn(id)
        return (lastRequest, nil)
    }

    mutating func giveBack(_ amount: Int, half: Half, account id: AccountID) -> [Grant] {
        switch half {
        case .guaranteed:
            guaranteedUsed -= amount
            accounts[id]?.guaranteed -= amount
            queueForTurn(id)
        case .common:
            commonUsed -= amount
            accounts[id]?.common -= amount
        }
        forget(id)
        return serve()
    }

    /// The caller no longer waits. Nothing happens when the request has been granted.
    mutating func withdraw(_ request: RequestID) -> [Grant] {
        guard let removed = requests.removeValue(forKey: request) else { return [] }
        skipAnswered(in: removed.account)
        return serve()
    }

    // MARK: -

    private mutating func grant(_ amount: Int, to id: AccountID) -> Half? {
        if fitsShare(amount, id), guaranteedUsed + amount <= guaranteedHalf {
            guaranteedUsed += amount
            accounts[id]?.guaranteed += amount
            return .guaranteed
        }
        return commonQueue.isEmpty ? grantCommon(amount, to: id) : nil
    }

    /// What is larger than the whole half gets it when nobody else holds any: it could never be served otherwise.
    private mutating func grantCommon(_ amount: Int, to id: AccountID) -> Half? {
        guard commonUsed + amount <= commonHalf || commonUsed == 0 else { return nil }
        commonUsed += amount
        accounts[id]?.common += amount
        return .common
    }

    private func fitsShare(_ amount: Int, _ id: AccountID) -> Bool {
        (accounts[id]?.guaranteed ?? 0) + amount <= share
    }

    private mutating func queueForTurn(_ id: AccountID) {
        guard let account = accounts[id], !account.isStarved, let next = account.waiting.first,
            let request = requests[next], fitsShare(request.amount, id)
        else { return }
        accounts[id]?.isStarved = true
        starved.append(id)
    }

    private mutating func serve() -> [Grant] {
        guard !requests.isEmpty else {
            commonQueue.removeAll()
            return []
        }
        var grants: [Grant] = []
        while let id = starved.first {
            guard let next = accounts[id]?.waiting.first, let request = requests[next], fitsShare(request.amount, id)
            else {
                starved.removeFirst()
                accounts[id]?.isStarved = false
                continue
            }
            guard guaranteedUsed + request.amount <= guaranteedHalf else { break }
            starved.removeFirst()
            accounts[id]?.isStarved = false
            guaranteedUsed += request.amount
            accounts[id]?.guaranteed += request.amount
            answer(next, of: id)
            grants.append(Grant(request: next, half: .guaranteed))
            queueForTurn(id)
        }
        while let next = commonQueue.first {
            guard let request = requests[next] else {
                commonQueue.removeFirst()
                continue
            }
            guard grantCommon(request.amount, to: request.account) != nil else { break }
            commonQueue.removeFirst()
            answer(next, of: request.account)
            grants.append(Grant(request: next, half: .common))
        }
        return grants
    }

    private mutating func answer(_ request: RequestID, of id: AccountID) {
        requests[request] = nil
        skipAnswered(in: id)
    }

    private mutating func skipAnswered(in id: AccountID) {
        while let first = accounts[id]?.waiting.first, requests[first] == nil {
            accounts[id]?.waiting.removeFirst()
        }
        forget(id)
    }

    /// An account that has left and holds nothing is no more.
    private mutating func forget(_ id: AccountID) {
        if accounts[id]?.isForgotten == true { accounts[id] = nil }
    }
}
