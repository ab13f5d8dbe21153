/// A message of a topic's log. Its bytes are those that were accepted: nothing is parsed and written again.
package struct Message: Sendable, Equatable {
    package var id: Int64
    package var topicID: Int64
    /// The payload, byte for byte as it was sent.
    package var payload: [UInt8]
    /// The attributes as a JSON object of strings, byte for byte as it was sent; empty when there are none (`{}`).
    package var attributes: [UInt8]
    package var receivedAt: Timestamp

    package init(id: Int64, topicID: Int64, payload: [UInt8], attributes: [UInt8], receivedAt: Timestamp) {
        self.id = id
        self.topicID = topicID
        self.payload = payload
        self.attributes = attributes
        self.receivedAt = receivedAt
    }

    /// What the message counts for in the byte budgets: the length of payload and attributes.
    package var bytes: Int { payload.count + attributes.count }
}

/// A message on its way into the log, before it has an id.
package struct NewMessage: Sendable, Equatable {
    package var payload: [UInt8]
    package var attributes: [UInt8]
    package var receivedAt: Timestamp

    package init(payload: [UInt8], attributes: [UInt8] = [], receivedAt: Timestamp) {
        self.payload = payload
        self.attributes = attributes
        self.receivedAt = receivedAt
    }

    package var bytes: Int { payload.count + attributes.count }
}
