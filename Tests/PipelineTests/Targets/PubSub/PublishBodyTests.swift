import Foundation
import Testing

@testable import Pipeline

@Suite struct PublishBodyTests {
    private func message(_ payload: [UInt8], _ attributes: String = "") -> Message {
        let now = Timestamp(milliseconds: 0)
        return Message(id: 1, topicID: 1, payload: payload, attributes: Array(attributes.utf8), receivedAt: now)
    }

    @Test("The body of a call has the payloads as data and the attributes as attributes, and nothing else")
    func body() {
        let messages = [message(Array(#"{"a": 1.0}"#.utf8)), message(Array("ab".utf8), #"{"k":"v\u00e4"}"#)]
        #expect(
            String(decoding: PublishBody().bytes(of: messages), as: UTF8.self)
                == #"{"messages":[{"data":"eyJhIjogMS4wfQ=="},{"data":"YWI=","attributes":{"k":"v\u00e4"}}]}"#
        )
        #expect(
            String(decoding: PublishBody(orderingKey: #"a"/b"#).bytes(of: messages.suffix(1)), as: UTF8.self)
                == #"{"messages":[{"data":"YWI=","attributes":{"k":"v\u00e4"},"orderingKey":"a\"/b"}]}"#
        )
    }

    @Test("Its length is known before it is made", arguments: [0, 1, 2, 3, 100, 1001], ["", #"{"a":"b"}"#])
    func length(bytes: Int, attributes: String) {
        let one = message([UInt8](repeating: 0x31, count: bytes), attributes)
        for body in [PublishBody(), PublishBody(orderingKey: "orders")] {
            let three = body.bytes(of: [one, one, one])
            // Each message counts a comma, the first one has none.
            #expect(PublishBody.emptyLength + body.length(of: one) * 3 == three.count + 1)
        }
    }

    @Test("A message that Pub/Sub cannot carry is known, and why")
    func limits() {
        func objection(_ payload: Int, _ attributes: [String: String]) -> String? {
            let json = (try? JSONSerialization.data(withJSONObject: attributes)) ?? Data()
            let message = message(
                [UInt8](repeating: 0x31, count: payload),
                attributes.isEmpty ? "" : String(decoding: json, as: UTF8.self)
            )
            return PubSubLimits.objection(to: message, in: PublishBody())
        }
        let hundred = Dictionary(uniqueKeysWithValues: (1...100).map { ("key\($0)", "v") })
        let long = String(repeating: "ä", count: 512)
        #expect(objection(7_499_900, [:]) == nil)
        #expect(
            objection(7_500_000, [:]) == "Pub/Sub takes 10000000 bytes at most, and the message has 10000027 in base64"
        )
        #expect(objection(1, hundred) == nil)
        #expect(objection(1, hundred.merging(["a": "b"]) { $1 }) == "Pub/Sub takes 100 attributes, and there are 101")
        #expect(objection(1, ["a": long]) == nil)
        #expect(
            objection(1, ["a": long + "b"])
                == "the attribute “a” has a value of 1025 bytes, of which Pub/Sub takes 1024"
        )
        #expect(objection(1, [String(repeating: "k", count: 256): ""]) == nil)
        #expect(
            objection(1, [String(repeating: "k", count: 257): ""])
                == "the attribute “\(String(repeating: "k", count: 40))…” has a name of 257 bytes, of which Pub/Sub takes 256"
        )
        #expect(
            objection(1, ["google": "a"])
                == "the attribute “google” begins with goog, which Pub/Sub keeps for itself"
        )
        #expect(objection(1, ["": "a"]) == "the attribute “” has no name, which Pub/Sub does not take")
    }
}
