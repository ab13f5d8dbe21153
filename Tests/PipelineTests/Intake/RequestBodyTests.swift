import Foundation
import StagesTesting
import Testing

@testable import Pipeline

@Suite("The body of a request")
struct RequestBodyTests {
    @Test(
        "is the payload with the attributes as a member, and nothing else changes",
        arguments: [
            (#"{"a":1}"#, #"{"a":1,"attributes":{"x":"y"}}"#),
            ("{}", #"{"attributes":{"x":"y"}}"#),
            ("{ }", #"{"attributes":{"x":"y"} }"#),
            ("{ \"a\" : 1e0 \n}", "{ \"a\" : 1e0,\"attributes\":{\"x\":\"y\"} \n}"),
            (#"{"attributes":1}"#, #"{"attributes":{"x":"y"}}"#),
            (#"{ "attributes" : {"old":1} }"#, #"{ "attributes":{"x":"y"} }"#),
            (#"{"attributes":1,"b":2}"#, #"{"b":2,"attributes":{"x":"y"}}"#),
            (#"{ "attributes":1 , "b":2}"#, #"{ "b":2,"attributes":{"x":"y"}}"#),
            (#"{"a":1, "attributes":[1,2]}"#, #"{"a":1, "attributes":{"x":"y"}}"#),
            (#"{"a":1,"attributes":null,"b":2}"#, #"{"a":1,"b":2,"attributes":{"x":"y"}}"#),
            (#"{"attributes":1,"attributes":2}"#, #"{"attributes":{"x":"y"}}"#),
            (#"{"attributes":1,"a":3,"attributes":2}"#, #"{"a":3,"attributes":{"x":"y"}}"#),
            (#"{"a":3,"attributes":2,"attributes":4,"b":5}"#, #"{"a":3,"b":5,"attributes":{"x":"y"}}"#),
            (#"{"\u0061ttributes":1}"#, #"{"attributes":{"x":"y"}}"#),
            (#"{"a":{"attributes":1}}"#, #"{"a":{"attributes":1},"attributes":{"x":"y"}}"#),
            (#"{"Attributes":1}"#, #"{"Attributes":1,"attributes":{"x":"y"}}"#),
        ]
    )
    func hasTheAttributes(payload: String, expected: String) {
        let body = RequestBody.bytes(payload: Array(payload.utf8), attributes: Array(#"{"x":"y"}"#.utf8))
        #expect(String(decoding: body, as: UTF8.self) == expected)
    }

    @Test(
        "is the payload alone when it is no object",
        arguments: ["[]", "[{\"a\":1}]", "\"text\"", "12345678901234567890.10", "true", "false", "0", "\"\""]
    )
    func isThePayloadAlone(payload: String) {
        let bytes = Array(payload.utf8)
        #expect(RequestBody.bytes(payload: bytes, attributes: Array(#"{"x":"y"}"#.utf8)) == bytes)
    }

    @Test("is the payload alone without attributes, or when the publisher wants it so")
    func isThePayloadAloneWhenWanted() {
        let payload = Array(#"{"attributes" : 1}"#.utf8)
        #expect(RequestBody.bytes(payload: payload, attributes: []) == payload)
        var message = Message(
            id: 1,
            topicID: 1,
            payload: payload,
            attributes: Array(#"{"x":"y"}"#.utf8),
            receivedAt: Timestamp(milliseconds: 0)
        )
        #expect(RequestBody.bytes(of: message, form: .payload) == payload)
        #expect(
            RequestBody.bytes(of: message, form: .payloadWithAttributes) == Array(#"{"attributes":{"x":"y"}}"#.utf8)
        )
        message.attributes = []
        #expect(RequestBody.bytes(of: message, form: .payloadWithAttributes) == payload)
    }

    @Test(
        "of random payloads is theirs but for the attributes, and within its bound",
        arguments: 0..<20 as Range<UInt64>
    )
    func ofRandomPayloads(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let attributes = Array(#"{"x":"y","z":"\u00e9"}"#.utf8)
        for _ in 0..<100 {
            let keys = ["\"a\"", "\"attributes\"", "\"\\u0061ttributes\"", "\"b\""]
            let payload = RandomJSON.object(members: Int.random(in: 0...5, using: &random), keys: keys, &random)
            let body = RequestBody.bytes(payload: payload, attributes: attributes)
            #expect(body.count <= RequestBody.maximumLength(messageBytes: payload.count + attributes.count))
            #expect(try others(body) == others(payload))
            #expect(try named(body) == [attributes])
        }
    }

    /// Names and values of all members but the attributes, as they stand there.
    private func others(_ text: [UInt8]) throws -> [[UInt8]] {
        try members(text).filter { !$0.isNamed("attributes", in: text.span.bytes) }.map { Array(text[$0.whole]) }
    }

    private func named(_ text: [UInt8]) throws -> [[UInt8]] {
        try members(text).filter { $0.isNamed("attributes", in: text.span.bytes) }.map { Array(text[$0.value]) }
    }

    private func members(_ text: [UInt8]) throws -> [JSONMember] {
        var result: [JSONMember] = []
        var members = JSONMembers()
        while let member = try members.next(in: text.span.bytes) { result.append(member) }
        return result
    }
}
