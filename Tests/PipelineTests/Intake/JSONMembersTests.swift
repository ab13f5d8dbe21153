import Foundation
import StagesTesting
import Testing

@testable import Pipeline

@Suite("The members of a JSON object")
struct JSONMembersTests {
    private func members(_ text: String) throws -> [(name: String?, value: String, kind: JSONKind)] {
        let bytes = Array(text.utf8)
        var result: [(name: String?, value: String, kind: JSONKind)] = []
        var members = JSONMembers()
        while let member = try members.next(in: bytes.span.bytes) {
            let value = String(decoding: bytes[member.value], as: UTF8.self)
            result.append((member.name(in: bytes.span.bytes), value, member.kind))
        }
        let beyond = try members.next(in: bytes.span.bytes)
        #expect(beyond == nil)
        return result
    }

    @Test("come in order, their values byte for byte, whatever stands around them")
    func comeInOrder() throws {
        let found = try members("\n{ \"a\" : 1.50 ,\t\"\\u0062\\n\":{\"x\": [1, 2]}\r\n,\"\":\"s\\\"\", \"a\" :null } ")
        #expect(found.map(\.name) == ["a", "b\n", "", "a"])
        #expect(found.map(\.value) == ["1.50", "{\"x\": [1, 2]}", "\"s\\\"\"", "null"])
        #expect(found.map(\.kind) == [.number, .object, .string, .null])
        #expect(try members(" { } ").isEmpty)
    }

    @Test(
        "are only those of a well-formed text",
        arguments: [
            #"{"a":1"#, #"{"a":1}}"#, #"{"a":1}x"#, #"{"a":1,}"#, #"{"a":1 "b":2}"#, #"{"a"}"#, #"{"a":tru}"#, "{",
        ]
    )
    func areThoseOfAWellFormedText(text: String) {
        #expect(throws: JSONError.self) { try members(text) }
    }

    @Test("are not those of another kind of value")
    func areNotThoseOfAnotherKind() {
        #expect(throws: JSONError.notAnObject(.array)) { try members(#"[{"a":1}]"#) }
        #expect(throws: JSONError.notAnObject(.string)) { try members(#" "a" "#) }
        #expect(throws: JSONError.notAnObject(.null)) { try members("null") }
        #expect(throws: JSONError.unexpectedEnd) { try members("[1,2") }
        #expect(throws: JSONError.unexpectedEnd) { try members("") }
    }

    @Test("are recognised by their decoded names")
    func areRecognised() throws {
        let bytes = Array(#"{"topic":1,"\u0074opic":2,"topic ":3,"Topic":4,"topi":5,"\ud800":6}"#.utf8)
        var recognised: [Bool] = []
        var members = JSONMembers()
        while let member = try members.next(in: bytes.span.bytes) {
            recognised.append(member.isNamed("topic", in: bytes.span.bytes))
        }
        #expect(recognised == [true, true, false, false, false, false])
    }

    @Test(
        "decode their strings",
        arguments: [
            (#""""#, ""), (#""a b""#, "a b"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
            (#""\u00E9\u20ac""#, "é€"),
            (#""\uD83D\uDE00!""#, "😀!"), (#""\u0000""#, "\u{0}"), (#""é\u00e9""#, "éé"), (#""\ud83d""#, nil),
            (#""\ude00""#, nil), (#""\ude00\ud83d""#, nil), (#""\ud83d\u0041""#, nil), (#""\ud83dx""#, nil),
            (#""\uDBFF\uDFFF""#, "\u{10FFFF}"),
        ] as [(String, String?)]
    )
    func decodeTheirStrings(literal: String, expected: String?) throws {
        let bytes = Array("{\"key\":\(literal)}".utf8)
        var members = JSONMembers()
        let member = try members.next(in: bytes.span.bytes)
        let string = member?.string(in: bytes.span.bytes)
        #expect(member != nil)
        #expect(string == expected)
    }

    @Test(
        "count as strings only when all of them are",
        arguments: [
            ("{}", 0), (" { } ", 0), (#"{"a":"b"}"#, 1), (#"{"a":"b","a":"\u00e9","c":""}"#, 3), (#"{"a":1}"#, nil),
            (#"{"a":"b","c":null}"#, nil), (#"{"a":{}}"#, nil), ("[]", nil), (#""a""#, nil), ("null", nil),
            (#"{"a":"\ud800"}"#, nil), (#"{"\ud800":"a"}"#, nil), (#"{"a":"b""#, nil),
        ] as [(String, Int?)]
    )
    func countAsStrings(text: String, expected: Int?) {
        let count = JSONMembers.countOfStrings(Array(text.utf8).span.bytes)
        #expect(count == expected)
    }

    @Test("of random objects are those that Foundation sees", arguments: 0..<20 as Range<UInt64>)
    func areThoseThatFoundationSees(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let keys = (0..<5).map { "\"k\($0)\\u00e9\"" } + (0..<3).map { "\"p\($0)\"" }
            let text = RandomJSON.object(members: Int.random(in: 0...6, using: &random), keys: keys, &random)
            var last: [String: JSONMember] = [:]
            var members = JSONMembers()
            while let member = try members.next(in: text.span.bytes) {
                let decoded = member.name(in: text.span.bytes)
                let name = try #require(decoded)
                if last[name] != nil { last["twice"] = member }
                last[name] = member
            }
            // Which of two members of one name Foundation takes is its own affair.
            if last["twice"] != nil { continue }
            let theirs = try #require(try JSONSerialization.jsonObject(with: Data(text)) as? [String: Any])
            #expect(Set(last.keys) == Set(theirs.keys))
            for (name, member) in last {
                let value = try JSONSerialization.jsonObject(with: Data(text[member.value]), options: .fragmentsAllowed)
                #expect((value as? NSObject) == (theirs[name] as? NSObject))
                let string = member.string(in: text.span.bytes)
                #expect(string == theirs[name] as? String)
            }
        }
    }
}
