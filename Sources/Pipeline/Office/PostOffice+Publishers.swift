import Stages

extension PostOffice {
    /// - Throws: `StoreError.taken` for the topic, target and type of another live publisher; `StoreError.unknownTopic`.
    package func createPublisher(topicID: Int64, _ settings: PublisherSettings) async throws -> PublisherStatus {
        let publisher = try await resources.store.createPublisher(topicID: topicID, settings, at: resources.world.now())
        try await start(publisher)
        return status(of: publisher) ?? PublisherStatus(publisher, resources: resources)
    }

    /// - Returns: nil also for a deleted publisher.
    package func publisher(id: Int64) async throws -> PublisherStatus? {
        tree(id).map { status(of: $0, child: root.snapshot(child: "publisher-\(id)")) }
    }

    /// Live publishers in ascending order of id.
    package func publishers(topicID: Int64?, after id: Int64, limit: Int) async throws -> [PublisherStatus] {
        let snapshot = snapshots()
        return allTrees.lazy
            .filter { $0.id > id && (topicID == nil || $0.state.topicID == topicID) }
            .prefix(limit)
            .map { self.status(of: $0, child: snapshot["publisher-\($0.id)"]) }
    }

    /// Returns when the publisher's tree has applied it.
    /// - Throws: `StoreError.taken` when the new target is another live publisher's.
    package func updatePublisher(id: Int64, _ settings: PublisherSettings) async throws -> PublisherStatus? {
        guard let publisher = try await resources.store.updatePublisher(id: id, settings) else { return nil }
        tree(id)?.apply(publisher)
        return status(of: publisher)
    }

    /// - Returns: false when there never was such a publisher.
    package func deletePublisher(id: Int64) async throws -> Bool {
        let known = try await resources.store.deletePublisher(id: id, at: resources.world.now())
        try await stop(id)
        return known
    }

    /// Stops the publisher's tree and starts it again from its durable record.
    /// - Returns: false when there is no such publisher.
    package func restartPublisher(id: Int64) async throws -> Bool {
        guard tree(id) != nil else { return false }
        try await root.restart("publisher-\(id)")
        return true
    }

    func status(of publisher: Publisher) -> PublisherStatus? {
        tree(publisher.id).map { status(of: $0, child: root.snapshot(child: "publisher-\(publisher.id)")) }
    }

    func snapshots() -> [String: SupervisorSnapshot] {
        Dictionary(root.snapshot().supervisors.map { ($0.id, $0) }) { first, _ in first }
    }
}
