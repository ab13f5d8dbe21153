import Stages

/// A dispatcher as somebody might write it who has not slept: the simulation is to find what is wrong.
struct DefectiveDispatcher: Dispatcher {
    enum Defect: CaseIterable {
        /// Nothing is wrong: then nothing is to be found.
        case none
        case doubles
        case losesTheRest
        case reorders
        case ignoresDemand
        case forgetsGivenBack
        case keepsDemandOfTheGone
    }

    let defect: Defect
    private var demands: [(id: SubscriptionID, count: Int)] = []
    private(set) var wanted = 0

    init(_ defect: Defect) { self.defect = defect }

    mutating func add(_ subscriber: Subscriber<Int>) { demands.append((subscriber.id, 0)) }

    mutating func ask(_ count: Int, for id: SubscriptionID, to deliver: Delivery<Int>) {
        guard let index = demands.firstIndex(where: { $0.id == id }) else { return }
        demands[index].count += count
        wanted += count
    }

    mutating func remove(_ id: SubscriptionID) {
        guard let index = demands.firstIndex(where: { $0.id == id }) else { return }
        let demand = demands.remove(at: index)
        if defect != .keepsDemandOfTheGone { wanted -= demand.count }
    }

    func demand(of id: SubscriptionID) -> Int { demands.first { $0.id == id }?.count ?? 0 }

    mutating func giveBack(_ events: Events<Int>, from id: SubscriptionID) -> Events<Int> {
        defect == .forgetsGivenBack ? [] : events
    }

    mutating func dispatch(_ events: Events<Int>, to deliver: Delivery<Int>) -> Events<Int> {
        var rest = events
        for index in demands.indices where demands[index].count > 0 && !rest.isEmpty {
            let excess = defect == .ignoresDemand ? 1 : 0
            let share = rest.prefix(demands[index].count + excess)
            rest = rest.dropFirst(share.count)
            demands[index].count = max(0, demands[index].count - share.count)
            wanted = max(0, wanted - share.count)
            deliver(demands[index].id, defect == .reorders ? Array(share.reversed())[...] : share)
            if defect == .doubles, let other = demands.last { deliver(other.id, share.prefix(1)) }
        }
        return defect == .losesTheRest ? [] : rest
    }
}
