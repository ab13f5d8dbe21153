import Stages

/// All of these wait until the publishers that existed at the start of the node have been started.
extension PostOffice {
    /// - Throws: `StoreError.taken` for the topic, target and type of another live publisher; `StoreError.unknownTopic`.
    package func createPublisher(topicID: Int64, _ settings: PublisherSettings) async throws -> PublisherStatus {
        await started.wait()
        let publisher = try await resources.store.createPublisher(topicID: topicID, settings, at: resources.world.now())
        try await start(publisher)
        // It may have been deleted before there was a tree to stop. If the store cannot say, the tree runs.
        do {
            if try await resources.store.publisher(id: publisher.id) == nil { try await stop(publisher.id) }
        } catch is StoreError {}
        return status(of: publisher) ?? PublisherStatus(publisher, resources: resources)
    }

    /// - Returns: nil also for a deleted publisher.
    package func publisher(id: Int64) async throws -> PublisherStatus? {
        await started.wait()
        return tree(id).map { status(of: $0, child: snapshot(of: $0)) }
    }

    /// Live publishers in ascending order of id.
    package func publishers(topicID: Int64?, after id: Int64, limit: Int) async throws -> [PublisherStatus] {
        await started.wait()
        let children = snapshots()
        return allTrees.lazy
            .filter { $0.id > id && (topicID == nil || $0.state.topicID == topicID) }
            .prefix(limit)
            .map { self.status(of: $0, child: children[$0.name]) }
    }

    /// Reads, changes and writes the settings as one step. Returns when the publisher's tree has applied them.
    /// - Throws: What `change` throws; `StoreError.taken` when the new target is another live publisher's.
    package func updatePublisher(
        id: Int64,
        _ change: @escaping @Sendable (Publisher) throws -> PublisherSettings
    ) async throws -> PublisherStatus? {
        await started.wait()
        guard let publisher = try await resources.store.updatePublisher(id: id, change) else { return nil }
        tree(id)?.apply(publisher)
        return status(of: publisher)
    }

    /// - Returns: false when there never was such a publisher.
    package func deletePublisher(id: Int64) async throws -> Bool {
        await started.wait()
        let known = try await resources.store.deletePublisher(id: id, at: resources.world.now())
        try await stop(id)
        return known
    }

    /// Stops the publisher's tree and starts it again from its durable record.
    /// - Returns: false when there is no such publisher.
    package func restartPublisher(id: Int64) async throws -> Bool {
        await started.wait()
        guard let tree = tree(id) else { return false }
        await root.terminate(tree.name)
        do {
            try await root.restart(tree.name)
        } catch SupervisorError.isRunning {
            // Somebody else wanted the same at the same time.
        } catch SupervisorError.notFound {
            return false
        }
        return true
    }

    func status(of publisher: Publisher) -> PublisherStatus? {
        tree(publisher.id).map { status(of: $0, child: snapshot(of: $0)) }
    }

    /// The supervisors of all trees by name.
    func snapshots() -> [String: SupervisorSnapshot] {
        var found: [String: SupervisorSnapshot] = [:]
        for case .supervisor(let supervisor) in root.snapshot().children { found[supervisor.id] = supervisor }
        return found
    }

    func snapshot(of tree: PublisherTree) -> SupervisorSnapshot? {
        guard case .supervisor(let supervisor) = root.snapshot(of: tree.name) else { return nil }
        return supervisor
    }
}
