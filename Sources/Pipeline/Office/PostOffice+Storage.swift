import Logging
import Stages
import Synchronization

/// What happens to the store from outside.
extension PostOffice {
    func handle(_ event: StoreEvent) async {
        switch event {
        case .appended(let heads):
            resources.tails.refresh(heads)
        case .interrupted(let reason):
            interruption.withLock { $0 = (reason, resources.world.now()) }
            for tree in allTrees { tree.state.step { $0.suspend() } }
            logger.warning("Nothing is delivered: the storage cannot be reached.", metadata: ["reason": "\(reason)"])
        case .resumed:
            await resume()
        }
    }

    /// Every tree starts again from its durable record, and nothing that was remembered counts.
    private func resume() async {
        topics.forgetAll()
        resources.tails.forgetAll()
        releaser.reset()
        interruption.withLock { $0 = nil }
        do {
            resources.tails.refresh(try await resources.store.heads())
        } catch {
            logger.warning("The refresh failed.", metadata: ["error": "\(error)"])
        }
        await withDiscardingTaskGroup { group in
            for tree in allTrees {
                group.addTask { await self.startAgain(tree) }
            }
        }
        logger.notice("The storage is there again: publishers have started from their records.")
    }

    private func startAgain(_ tree: PublisherTree) async {
        await root.terminate(tree.name)
        tree.state.step { $0.isSuspended = false }
        do {
            try await root.restart(tree.name)
        } catch {
            // Deleted meanwhile, or the node is ending.
            logger.debug("A publisher was not started again.", metadata: ["error": "\(error)"])
        }
    }
}
