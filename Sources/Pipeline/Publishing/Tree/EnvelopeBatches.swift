/// Puts messages together that go in one request.
enum EnvelopeBatches {
    /// Fills one request after the other, in order: up to `chunk_size` messages, and as many bytes as Pub/Sub takes.
    ///
    /// A message with a row of its own goes alone: it has failed before, and is not to take others with it.
    static func of(_ messages: some Sequence<PendingMessage>, for publisher: Publisher) -> [Envelope] {
        let body = PublishBody(publisher.settings, topic: publisher.topic)
        var envelopes: [Envelope] = []
        var batch: [PendingMessage] = []
        var bytes = PublishBody.emptyLength
        func close() {
            guard !batch.isEmpty else { return }
            envelopes.append(Envelope(messages: batch, body: []))
            batch = []
            bytes = PublishBody.emptyLength
        }
        for pending in messages {
            guard !pending.isRow else {
                envelopes.append(Envelope(messages: [pending], body: []))
                continue
            }
            let length = body.length(of: pending.message)
            let isFull = batch.count >= publisher.settings.chunkSize || bytes + length > PubSubLimits.requestBytes
            if isFull || batch.first.map({ $0.generation != pending.generation }) == true { close() }
            batch.append(pending)
            bytes += length
        }
        close()
        return envelopes
    }
}
