import Foundation
import StagesTesting
import Testing

@testable import Pipeline

@Suite("The JSON scanner")
struct JSONScannerTests {
    @discardableResult
    private func check(_ bytes: [UInt8]) throws -> JSONKind {
        try JSONScanner.check(bytes.span.bytes)
    }

    @Test(
        "accepts what RFC 8259 allows",
        arguments: [
            ("{}", JSONKind.object), ("[]", .array), ("\"\"", .string), ("0", .number), ("true", .bool),
            ("false", .bool), ("null", .null), (" \t\r\n{ } \t\r\n", .object),
            (#"{"a":1}"#, .object), (#"{ "a" : [ 1 , 2 , { } ] , "b" : null }"#, .object),
            ("-0", .number), ("-0.0", .number), ("1.5e+300", .number), ("1E-2", .number),
            ("12345678901234567890", .number),
            ("0.1e1", .number), ("1e400", .number), (#""\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00""#, .string),
            ("\"\u{7F}\"", .string), ("\"é€😀\"", .string), ("\"12345678\"", .string),
            ("\"1234567\u{10FFFF}\"", .string),
            (#""\ud800""#, .string), (#"{"":""}"#, .object), (#"{"a":1,"a":2}"#, .object),
        ]
    )
    func acceptsWhatTheGrammarAllows(text: String, kind: JSONKind) throws {
        #expect(try check(Array(text.utf8)) == kind)
    }

    @Test(
        "refuses what RFC 8259 does not allow",
        arguments: [
            "", " ", "{", "}", "[", "]", "\"", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "[,]",
            "[1,]",
            "[1 2]", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{a:1}", "{'a':1}", "{1:2}", "[1}", "{\"a\":1]", "1 2", "{}{}",
            "{}x",
            "tru", "trues", "True", "nul", "NULL", "NaN", "Infinity", "-", "+1", "01", "-01", "1.", ".1", "1e", "1e+",
            "1.e1", "0x10", "1_000", "--1", "\"\\x\"", "\"\\\"", "\"\\u12\"", "\"\\u12G4\"", "\"a\nb\"", "\"\t\"",
            "\"\u{0}\"",
            "12345678\u{1F}", "\"12345678\u{1F}\"", "// c\n1", "/* c */1", "\u{FEFF}{}", "\u{A0}1", "[\u{2003}1]",
            "{\"a\":\"b\"c}",
        ]
    )
    func refusesWhatTheGrammarDoesNotAllow(text: String) {
        #expect(throws: JSONError.self) { try check(Array(text.utf8)) }
    }

    @Test(
        "refuses what is not UTF-8",
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x22], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
            [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xFE],
        ] as [[UInt8]]
    )
    func refusesWhatIsNotUTF8(sequence: [UInt8]) {
        for padding in 0..<9 {
            let bytes = [0x22] + Array(repeating: UInt8(ascii: "x"), count: padding) + sequence + [0x22]
            #expect(throws: JSONError.invalidUTF8(at: padding + 1)) { try check(bytes) }
        }
        #expect(throws: JSONError.invalidUTF8(at: 0)) { try check(sequence) }
    }

    @Test("says where a text goes wrong")
    func saysWhere() {
        #expect(throws: JSONError.unexpectedByte(at: 5)) { try check(Array("[1,2 3]".utf8)) }
        #expect(throws: JSONError.unexpectedEnd) { try check(Array("[1,2".utf8)) }
    }

    @Test("finds each special byte of a string at every place of a word")
    func findsSpecialBytesAtEveryPlace() throws {
        for length in 0..<20 {
            for place in 0..<max(length, 1) {
                for byte in UInt8.min...UInt8.max {
                    var inside = Array(repeating: UInt8(ascii: "!"), count: length)
                    if length > 0 { inside[place] = byte }
                    let bytes = [UInt8(ascii: "\"")] + inside + [UInt8(ascii: "\"")]
                    let plain = byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
                    let accepted = (try? check(bytes)) != nil
                    // An escaped exclamation mark or closing quote is malformed too.
                    #expect(accepted == (plain || length == 0), "byte \(byte) at \(place) of \(length)")
                }
            }
        }
    }

    @Test("bounds the nesting")
    func boundsTheNesting() throws {
        let limit = JSONScanner.maximumDepth
        func nested(_ levels: Int) -> [UInt8] {
            Array((String(repeating: "[", count: levels) + String(repeating: "]", count: levels)).utf8)
        }
        #expect(try check(nested(limit)) == .array)
        #expect(throws: JSONError.tooDeep(at: limit)) { try check(nested(limit + 1)) }
        #expect(throws: JSONError.tooDeep(at: limit)) {
            try check(Array(repeating: UInt8(ascii: "["), count: 1_000_000))
        }
        let objects = Array(String(repeating: #"{"a":"#, count: limit + 1).utf8)
        #expect(throws: JSONError.tooDeep(at: limit * 5)) { try check(objects) }
        var members = JSONMembers()
        #expect(throws: JSONError.tooDeep(at: limit * 5)) { try members.next(in: objects.span.bytes) }
    }

    @Test("judges random documents, whole and damaged, as Foundation does", arguments: 0..<20 as Range<UInt64>)
    func judgesAsFoundationDoes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let document = RandomJSON.document(&random)
            #expect(throws: Never.self, "\(String(decoding: document, as: UTF8.self))") {
                try check(document)
            }
            for _ in 0..<10 {
                let damaged = RandomJSON.damaged(document, &random)
                let ours = (try? check(damaged)) != nil
                let theirs = (try? JSONSerialization.jsonObject(with: Data(damaged), options: .fragmentsAllowed)) != nil
                // Foundation's numbers end at 1e308, those of the grammar do not; and it forgives a comma too many.
                let text = String(decoding: damaged, as: UTF8.self)
                if text.contains(ours ? /[eE][+-]?\d{3}/ : /,\s*[\]}]/) { continue }
                #expect(ours == theirs, "\(text)")
            }
        }
    }
}
