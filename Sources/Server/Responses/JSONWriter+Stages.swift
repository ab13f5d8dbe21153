import Pipeline

extension JSONWriter {
    mutating func members(of node: NodeStatus) {
        member("node", node.node)
        member("started_at", node.startedAt)
        member("strategy", node.strategy)
        member("restarts", node.restarts)
        member(
            "publishers",
            array: { json in
                for tree in node.publishers { json.object { $0.members(of: tree) } }
            }
        )
    }

    mutating func members(of tree: TreeStatus) {
        let publisher = tree.publisher.publisher
        member("publisher_id", publisher.id)
        member("topic", publisher.topic)
        member("target", publisher.settings.publicTarget)
        member("type", publisher.settings.type.rawValue)
        member("state", tree.publisher.state)
        member("owner", tree.owner)
        member("epoch", tree.epoch)
        member("strategy", tree.strategy)
        member("restarts", tree.restarts)
        member("last_crash", tree.lastCrash)
        member(
            "circuit",
            object: {
                $0.member("state", tree.circuit.state)
                $0.member("failures", tree.circuit.failures)
                $0.member("opened_at", tree.circuit.openedAt)
                $0.member("next_probe_at", tree.circuit.nextProbeAt)
            }
        )
        member("max_demand", tree.publisher.maxDemand)
        member("min_demand", tree.publisher.minDemand)
        member("pending", tree.publisher.pending)
        member("in_flight", tree.publisher.inFlight)
        member("parked", tree.publisher.parked)
        member("dead", tree.publisher.dead)
        member("waiting", tree.publisher.waiting)
        member(
            "stages",
            array: { json in
                for stage in tree.stages { json.object { $0.members(of: stage) } }
            }
        )
    }

    private mutating func member(_ name: String, _ crash: TreeStatus.Crash?) {
        guard let crash else { return nullMember(name) }
        member(
            name,
            object: {
                $0.member("at", crash.at)
                $0.member("stage", crash.stage)
                $0.member("error", crash.error)
            }
        )
    }

    private mutating func members(of stage: StageStatus) {
        member("name", stage.name)
        member("kind", stage.kind)
        member("state", stage.state)
        member("demand", stage.demand)
        member("buffered", stage.buffered)
        if let inFlight = stage.inFlight { member("in_flight", inFlight) }
        member("events_in", stage.eventsIn)
        member("events_out", stage.eventsOut)
        member("events_per_second", (stage.eventsPerSecond * 10).rounded() / 10)
        member("restarts", stage.restarts)
        member("executor", stage.executor)
    }
}
