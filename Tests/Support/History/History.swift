package import Pipeline

/// What was seen of a post office from outside and inside, in the order in which it was seen.
///
/// A test records what it can: senders what was accepted, receivers what arrived, a wrapped store what was settled, the
/// test itself what it killed. `HistoryChecker` judges what is there, and takes nothing for granted that is not.
package struct History: Sendable {
    package enum Event: Sendable, Equatable {
        /// A sender is about to hand a message over.
        case offered(topic: Int64, PayloadDigest)
        /// A sender was answered 201.
        case accepted(id: Int64, topic: Int64, PayloadDigest, at: Duration)
        /// Messages have their places in a topic's log, durably, in this order.
        case logged(topic: Int64, ids: [Int64])
        /// A sender was answered 201 to a message that is to be sent at a time.
        case scheduled(id: Int64, topic: Int64, PayloadDigest, dueAt: Duration)
        /// A scheduled message is durable.
        case kept(id: Int64, topic: Int64, dueAt: Duration, at: Duration)
        /// Someone asks for a scheduled message to be deleted, and is answered that it is.
        case unscheduling(id: Int64)
        case unscheduled(id: Int64)
        /// A scheduled message has been moved into its topic's log, durably, as the message with this id.
        case released(id: Int64, topic: Int64, message: Int64, at: Duration)
        /// A publisher exists, or its max_demand has changed.
        case subscribed(publisher: Int64, Subscription)
        /// A publisher was deleted: nothing is owed to it any more.
        case unsubscribed(publisher: Int64)
        /// From now on the topic's order is kept for the publisher, or not any more.
        case ordered(publisher: Int64, strictly: Bool)
        /// From now on nothing may be sent to the publisher, or something may again.
        case paused(publisher: Int64, at: Duration = .zero)
        case resumed(publisher: Int64)
        case attemptStarted(publisher: Int64, id: Int64, at: Duration = .zero)
        /// The target has answered, or the attempt was given up. What comes of it is not durable yet.
        case attemptEnded(publisher: Int64, id: Int64)
        /// A target has the whole request; `succeeded` says whether it answers with 2xx. To be recorded before it does.
        case arrived(publisher: Int64, id: Int64, PayloadDigest, succeeded: Bool, at: Duration)
        /// What became of a message is durable.
        case settled(publisher: Int64, id: Int64, Outcome)
        /// Someone has discarded a parked or dead message.
        case discardedByHand(publisher: Int64, id: Int64)
        /// Someone has let a dead message live again.
        case revivedByHand(publisher: Int64, id: Int64)
        /// Someone wants these messages delivered once more, where they have left the log.
        case replayedByHand(publisher: Int64, ids: [Int64])
        /// The clean-up has removed a message.
        /// - Parameter needed: the age that it had to have.
        case removed(topic: Int64, id: Int64, age: Duration, needed: Duration)
        /// A dead row has gone, because it was dead for so long.
        case expired(publisher: Int64, id: Int64)
        /// Someone does what makes an open circuit probe at once.
        case prodded(publisher: Int64)
        /// A message's own row at a publisher was written, or has gone, durably.
        case row(publisher: Int64, id: Int64, Row)
        /// Someone asks the office about a message.
        case asked(id: Int64)
        /// What the office says of a message that someone has asked about.
        case explained(publisher: Int64, id: Int64, Explanation)
        /// The stored progress record, as it was read.
        case observed(publisher: Int64, StoredProgress)
        /// Payload bytes that a node holds in memory.
        case held(bytes: Int, budget: Int)
        /// A stage of the publisher's tree has crashed, and only that.
        case crashed(publisher: Int64)
        /// The process has been killed: what it had in flight is forgotten.
        case killed
        /// The process has been stopped with a signal, and has ended by itself.
        case stopped
        case started
    }

    package struct Subscription: Sendable, Equatable {
        package var topic: Int64
        /// Messages up to this one are not for it.
        package var after: Int64
        /// What its record counted as left at the beginning.
        package var leftCount: Int64
        package var maxDemand: Int
        /// Set when nothing may hold its messages up: the longest time from acceptance to arrival.
        package var arrivesWithin: Duration?

        package init(
            topic: Int64,
            after: Int64 = 0,
            leftCount: Int64 = 0,
            maxDemand: Int,
            arrivesWithin: Duration? = nil
        ) {
            self.topic = topic
            self.after = after
            self.leftCount = leftCount
            self.maxDemand = maxDemand
            self.arrivesWithin = arrivesWithin
        }
    }

    package enum Row: Sendable, Equatable {
        /// - Parameter dueAt: In the time of the other events.
        case parked(dueAt: Duration, isReplay: Bool)
        case dead(isReplay: Bool)
        case gone
    }

    package struct Explanation: Sendable, Equatable {
        /// The state of the delivery, as the API calls it; nil: the office says nothing of it.
        package var state: String?
        /// Why it waits; nil: no reason is given.
        package var reason: String?

        package init(state: String?, reason: String?) {
            self.state = state
            self.reason = reason
        }
    }

    package enum Outcome: Sendable, Equatable {
        case delivered
        case parked
        case dead
        case discarded
        /// The attempt is over and says nothing: the message waits as before.
        case returned
    }

    /// What the store holds when all is over and nothing writes to it any more.
    package struct Final: Sendable {
        package struct Log: Sendable {
            package var receivedCount: Int64
            package var messages: [Int64: PayloadDigest]

            package init(receivedCount: Int64, messages: [Int64: PayloadDigest]) {
                self.receivedCount = receivedCount
                self.messages = messages
            }
        }

        package struct Record: Sendable {
            package var stored: StoredProgress
            /// Messages with a row of their own that are tried again.
            package var parked: Set<Int64>
            /// Messages whose row is kept as dead.
            package var dead: Set<Int64>
            /// Messages that are delivered once more, whose rows are counted apart.
            package var replaying: Set<Int64>

            package init(
                stored: StoredProgress,
                parked: Set<Int64>,
                dead: Set<Int64> = [],
                replaying: Set<Int64> = []
            ) {
                self.stored = stored
                self.parked = parked
                self.dead = dead
                self.replaying = replaying
            }

            package var rows: Set<Int64> { parked.union(dead).union(replaying) }
        }

        /// By topic.
        package var logs: [Int64: Log]
        /// By publisher.
        package var records: [Int64: Record]
        /// Scheduled messages by id, waiting and released; nil when nobody has looked.
        package var scheduled: [Int64: ScheduledMessage]?
        /// Whether the test has waited until everything was delivered.
        package var isDrained: Bool

        package init(logs: [Int64: Log], records: [Int64: Record], isDrained: Bool) {
            self.logs = logs
            self.records = records
            self.isDrained = isDrained
        }
    }

    package var events: [Event]
    package var final: Final?

    package init(events: [Event] = [], final: Final? = nil) {
        self.events = events
        self.final = final
    }
}
