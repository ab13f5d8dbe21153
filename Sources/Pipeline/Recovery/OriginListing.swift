import Crypto
import Foundation

/// What an origin has answered when it was asked for its messages: an array of entries, each sliced and not decoded.
struct OriginListing: Sendable {
    struct Entry: Sendable {
        var id: String
        var messages: [Message]

        /// Of topics, payloads and attributes, and of nothing else: what an origin notes beside them may change.
        var digest: [UInt8] {
            var hash = SHA256()
            for message in messages {
                for part in [Array(message.topic.utf8), message.payload, message.attributes] {
                    withUnsafeBytes(of: UInt64(part.count).littleEndian) { hash.update(bufferPointer: $0) }
                    hash.update(data: part)
                }
            }
            return Array(hash.finalize())
        }
    }

    struct Message: Sendable, Equatable {
        var topic: String
        var payload: [UInt8]
        /// Empty when there are none, or they are null.
        var attributes: [UInt8]
    }

    /// An entry that cannot be taken, and why.
    struct Refusal: Sendable, Equatable {
        /// nil when it has none that can be used.
        var id: String?
        var reason: String
    }

    private(set) var entries: [Entry] = []
    private(set) var refusals: [Refusal] = []
    /// All that were listed.
    private(set) var count = 0

    /// - Throws: `JSONError` for what is no JSON array.
    init(_ json: [UInt8]) throws(JSONError) {
        let bytes = json.span.bytes
        var elements = JSONElements()
        var ids: Set<String> = []
        while let element = try elements.next(in: bytes) {
            count += 1
            guard element.kind == .object else {
                refusals.append(Refusal(id: nil, reason: "it is no object"))
                continue
            }
            let fields = try Fields(bytes.extracting(element.value))
            guard let id = fields.id, Self.canBeUsed(id) else {
                refusals.append(Refusal(id: nil, reason: "its id is missing or cannot be used"))
                continue
            }
            // The second one of an id is listed again when the first is gone.
            guard ids.insert(id).inserted else { continue }
            do throws(Unusable) {
                entries.append(Entry(id: id, messages: try fields.messages()))
            } catch {
                refusals.append(Refusal(id: id, reason: error.reason))
            }
        }
    }

    /// As a part of a URL and of a key.
    private static func canBeUsed(_ id: String) -> Bool {
        (1...RecoveredEntry.maximumIDLength).contains(id.utf8.count) && id.utf8.allSatisfy { $0 >= 0x20 }
    }

    private struct Unusable: Error {
        var reason: String
    }

    /// The members of an entry, or of a message within one.
    private struct Fields {
        var id: String?
        private var topic: String?
        private var payload: [UInt8]?
        private var attributes: [UInt8]?
        private var isBulk = false

        /// - Parameter bytes: A JSON object.
        init(_ bytes: RawSpan) throws(JSONError) {
            var members = JSONMembers()
            while let member = try members.next(in: bytes) {
                if member.isNamed("id", in: bytes) {
                    id = member.kind == .number ? Self.text(bytes, member.value) : member.string(in: bytes)
                } else if member.isNamed("topic", in: bytes) {
                    topic = member.string(in: bytes)
                } else if member.isNamed("payload", in: bytes) {
                    payload = member.kind == .null ? nil : Self.slice(bytes, member.value)
                } else if member.isNamed("attributes", in: bytes) {
                    attributes = member.kind == .null ? nil : Self.slice(bytes, member.value)
                } else if member.isNamed("bulk", in: bytes) {
                    isBulk = member.kind == .bool && Self.text(bytes, member.value) == "true"
                }
            }
        }

        func messages() throws(Unusable) -> [Message] {
            guard isBulk else { return [try message()] }
            guard let payload else { throw Unusable(reason: "its payload is missing") }
            let bytes = payload.span.bytes
            var messages: [Message] = []
            do {
                var elements = JSONElements()
                while let element = try elements.next(in: bytes) {
                    guard element.kind == .object else { throw Unusable(reason: "one of its messages is no object") }
                    messages.append(try Fields(bytes.extracting(element.value)).message())
                }
            } catch let error as Unusable {
                throw error
            } catch {
                throw Unusable(reason: "its payload is no array of messages")
            }
            return messages
        }

        private func message() throws(Unusable) -> Message {
            guard let topic else { throw Unusable(reason: "its topic is missing") }
            guard let payload else { throw Unusable(reason: "its payload is missing") }
            guard let attributes else { return Message(topic: topic, payload: payload, attributes: []) }
            guard let strings = JSONMembers.countOfStrings(attributes.span.bytes) else {
                throw Unusable(reason: "its attributes are no object of strings")
            }
            return Message(topic: topic, payload: payload, attributes: strings == 0 ? [] : attributes)
        }

        private static func slice(_ bytes: RawSpan, _ range: Range<Int>) -> [UInt8] {
            bytes.extracting(range).withUnsafeBytes { Array($0) }
        }

        private static func text(_ bytes: RawSpan, _ range: Range<Int>) -> String {
            String(decoding: slice(bytes, range), as: UTF8.self)
        }
    }
}
