/// A store that what another system has not delivered can be brought into.
///
/// Nobody may deliver from it meanwhile: progress is written here without an owner's epoch.
package protocol ImportingStore: MessageStore {
    /// What rows of a source have become here, for those that were brought in before.
    func imported(_ rows: [String], from source: String) async throws -> [String: Int64]
    /// Keeps a record that a row has become something here.
    func note(imported row: String, as id: Int64, from source: String) async throws
    /// Appends messages to their topic, each for its recipients alone: it gets a row of its own for each of them, due when
    /// it would have been there, and all publishers of the topic count it as having left the log. One transaction, with a
    /// record of each; those with a record already are left out.
    func bring(_ messages: [ImportedMessage], into topicID: Int64, from source: String) async throws -> ImportReceipt
}

/// Messages that stand in one row of the source: one, or a chunk that it would have sent at once.
package struct ImportedMessage: Sendable {
    package struct Recipient: Sendable {
        /// A publisher of the topic here.
        package var publisher: Int64
        /// Attempts made by the source.
        package var attempts: Int
        package var cause: ParkedMessage.Cause
        package var dueAt: Timestamp
        package var lastError: String?
    }

    /// What the row is known by: the table and its id.
    package var row: String
    package var messages: [NewMessage]
    package var recipients: [Recipient]
}

package enum ImportReceipt: Sendable, Equatable {
    /// Messages appended, without those that were there already.
    case brought(count: Int)
    /// The topic has been deleted.
    case unknownTopic
    /// These publishers have not read their topic to its end: what is appended now would be delivered to them too.
    case behind(publishers: [Int64])
}

/// What both stores do alike: the records of the publishers, moved past what is appended.
struct ImportPlan {
    private let messages: [ImportedMessage]

    /// - Parameter messages: Those that are not here yet.
    init(_ messages: [ImportedMessage]) {
        self.messages = messages
    }

    var append: [NewMessage] { messages.flatMap(\.messages) }

    /// - Parameters:
    ///   - records: those of all live publishers of the topic.
    ///   - ids: of what was appended, in order.
    func settlements(_ records: [Int64: Progress], ids: [Int64]) -> [Settlement] {
        var rows: [Int64: [ParkedMessage]] = [:]
        var rest = ids[...]
        for message in messages {
            let own = rest.prefix(message.messages.count)
            rest = rest.dropFirst(own.count)
            for recipient in message.recipients where records[recipient.publisher] != nil {
                rows[recipient.publisher, default: []] += own.map { id in
                    ParkedMessage(
                        messageID: id,
                        attempts: recipient.attempts,
                        cause: recipient.cause,
                        dueAt: recipient.dueAt,
                        lastError: recipient.lastError
                    )
                }
            }
        }
        return records.sorted { $0.key < $1.key }.map { publisher, record in
            var progress = record
            progress.high = ids.last ?? record.high
            progress.leftCount += Int64(ids.count)
            return Settlement(publisher: publisher, progress: progress, parked: rows[publisher] ?? [])
        }
    }
}
