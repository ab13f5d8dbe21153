public import DequeModule

/// Each event to the consumer of its partition, in the order of emission; what it has not asked for waits in the
/// partition's own queue.
@usableFromInline
struct PartitionDispatcher<Event: Sendable>: Dispatcher {
    @usableFromInline
    struct Entry: Sendable {
        /// Names the queue for notices, whoever consumes it.
        @usableFromInline let queueID = SubscriptionID()
        @usableFromInline var consumer: SubscriptionID?
        @usableFromInline var demand = 0
        @usableFromInline var queue: Deque<Events<Event>> = []
        @usableFromInline var queued = 0
        /// Of those, how many have been counted as delivered.
        @usableFromInline var prepaid = 0

        @inlinable
        init() {}
    }

    @usableFromInline let names: [Partition]
    @usableFromInline var entries: [Entry]
    @usableFromInline let number: @Sendable (Event) throws -> Int?
    @usableFromInline let vacancy: VacancyBound
    /// What all have asked for, less what was dispatched or counted as such. Below zero when a consumer has left whose
    /// demand others have used.
    @usableFromInline var wanted = 0
    @usableFromInline var reports: [DispatchReport] = []
    @usableFromInline var notices: [HeldNotice] = []

    @inlinable
    init(count: Int, vacancy: VacancyBound, by number: @escaping @Sendable (Event) -> Int?) {
        precondition(count > 0, "a dispatcher needs at least one partition")
        names = (0..<count).map { .number($0) }
        entries = names.map { _ in Entry() }
        self.vacancy = vacancy
        self.number = number
    }

    @inlinable
    init(_ names: [Partition], vacancy: VacancyBound, by partition: @escaping @Sendable (Event) -> Partition?) {
        precondition(!names.isEmpty, "a dispatcher needs at least one partition")
        self.names = names
        entries = names.map { _ in Entry() }
        self.vacancy = vacancy
        number = { event in
            guard let partition = partition(event) else { return nil }
            guard let index = names.firstIndex(of: partition) else {
                throw DispatchError.unknownPartition(partition, known: names)
            }
            return index
        }
    }

    @usableFromInline
    mutating func add(_ subscriber: Subscriber<Event>) throws(SubscriptionError) {
        guard let partition = subscriber.partition else {
            throw .refused(reason: "it has to name a partition, one of \(names.listed)")
        }
        guard let index = names.firstIndex(of: partition) else {
            throw .refused(reason: "there is no partition \(partition), only \(names.listed)")
        }
        guard entries[index].consumer == nil else {
            throw .refused(reason: "the partition \(partition), one of \(names.listed), has a consumer")
        }
        entries[index].consumer = subscriber.id
    }

    @inlinable
    mutating func ask(_ count: Int, for id: SubscriptionID, to deliver: Delivery<Event>) {
        guard let index = index(of: id) else { return }
        entries[index].demand += count
        wanted += count
        if entries[index].queued > 0 { serve(index, id, deliver) }
    }

    @usableFromInline
    mutating func remove(_ id: SubscriptionID) {
        guard let index = index(of: id) else { return }
        wanted -= entries[index].demand
        entries[index].demand = 0
        entries[index].consumer = nil
        guard vacancy != .keepAll else { return }
        // What waits uses up nobody's demand from now on.
        wanted += entries[index].prepaid
        entries[index].prepaid = 0
        trim(index)
    }

    @inlinable
    mutating func dispatch(_ events: Events<Event>, to deliver: Delivery<Event>) throws -> Events<Event> {
        guard wanted > 0 else { return events }
        let share = events.prefix(wanted)
        var parts = [[Event]](repeating: [], count: entries.count)
        var dropped = 0
        for event in share {
            guard let index = try number(event) else {
                dropped += 1
                continue
            }
            guard parts.indices.contains(index) else {
                throw DispatchError.unknownPartition(.number(index), known: names)
            }
            parts[index].append(event)
        }
        wanted -= dropped
        for index in parts.indices where !parts[index].isEmpty { send(parts[index][...], to: index, deliver) }
        return events.dropFirst(share.count)
    }

    /// They come first when the partition has a consumer again.
    @usableFromInline
    mutating func giveBack(_ events: Events<Event>, from id: SubscriptionID) -> Events<Event> {
        guard let index = index(of: id) else { return events }
        guard !events.isEmpty else { return [] }
        entries[index].queue.prepend(events)
        entries[index].queued += events.count
        pass(-events.count, of: entries[index].queueID)
        return []
    }

    @usableFromInline
    func demand(of id: SubscriptionID) -> Int {
        index(of: id).map { entries[$0].demand } ?? 0
    }

    @usableFromInline
    var held: Int { entries.reduce(0) { $0 + $1.queued } }

    @usableFromInline
    mutating func hold(_ notice: @escaping Notice) -> Bool {
        let waiting = entries.filter { $0.queued > 0 }
        guard !waiting.isEmpty || !notices.isEmpty else { return false }
        notices.append(HeldNotice(notice: notice, ahead: waiting.map { ($0.queueID, $0.queued) }))
        return true
    }

    @usableFromInline
    mutating func close() {
        reports += notices.map { .passed($0.notice) }
        notices = []
        for index in entries.indices { entries[index] = Entry() }
        wanted = 0
    }

    @inlinable
    mutating func takeReports() -> [DispatchReport] {
        if reports.isEmpty { return [] }
        defer { reports = [] }
        return reports
    }
}

extension PartitionDispatcher {
    @inlinable
    func index(of id: SubscriptionID) -> Int? {
        entries.firstIndex { $0.consumer == id }
    }

    @inlinable
    mutating func send(_ events: Events<Event>, to index: Int, _ deliver: Delivery<Event>) {
        var rest = events
        if let id = entries[index].consumer, entries[index].demand > 0 {
            let now = rest.prefix(entries[index].demand)
            entries[index].demand -= now.count
            wanted -= now.count
            rest = rest.dropFirst(now.count)
            deliver(id, now)
        }
        if !rest.isEmpty { keep(rest, in: index) }
    }

    @usableFromInline
    mutating func keep(_ events: Events<Event>, in index: Int) {
        entries[index].queue.append(events)
        entries[index].queued += events.count
        if entries[index].consumer != nil || vacancy == .keepAll {
            wanted -= events.count
            entries[index].prepaid += events.count
        }
        trim(index)
    }

    @usableFromInline
    mutating func serve(_ index: Int, _ id: SubscriptionID, _ deliver: Delivery<Event>) {
        while entries[index].demand > 0, let slice = entries[index].queue.popFirst() {
            let now = slice.prefix(entries[index].demand)
            if now.count < slice.count { entries[index].queue.prepend(slice.dropFirst(now.count)) }
            entries[index].demand -= now.count
            leave(now.count, index, isDelivered: true)
            deliver(id, now)
        }
    }

    /// Events leave a queue. Delivered, they use up demand now, if they have not when they came; dropped, they give back
    /// what they had used up.
    @inlinable
    mutating func leave(_ count: Int, _ index: Int, isDelivered: Bool) {
        let prepaid = min(count, entries[index].prepaid)
        entries[index].queued -= count
        entries[index].prepaid -= prepaid
        wanted += isDelivered ? prepaid - count : prepaid
        pass(count, of: entries[index].queueID)
    }

    /// Holds a partition without a consumer to its bound.
    @usableFromInline
    mutating func trim(_ index: Int) {
        guard case .keepLast(let bound) = vacancy, entries[index].consumer == nil else { return }
        let excess = entries[index].queued - max(0, bound)
        guard excess > 0 else { return }
        var left = excess
        while left > 0, let slice = entries[index].queue.popFirst() {
            if slice.count > left { entries[index].queue.prepend(slice.dropFirst(left)) }
            left -= min(left, slice.count)
        }
        leave(excess, index, isDelivered: false)
        reports.append(.dropped(excess))
    }

    @usableFromInline
    mutating func pass(_ count: Int, of queue: SubscriptionID) {
        guard !notices.isEmpty else { return }
        for index in notices.indices { notices[index].pass(count, of: queue) }
        while let first = notices.first, first.ahead.isEmpty {
            reports.append(.passed(first.notice))
            notices.removeFirst()
        }
    }
}
