import Foundation
import NIOCore
import Pipeline
import Testing

@testable import Server

@Suite("Written JSON")
struct JSONWriterTests {
    @Test("has its members in order, commas between them, and every kind of value")
    func kinds() {
        let body = JSONWriter.document { json in
            json.member("a", Int64(1))
            json.member("b", "x" as String?)
            json.member("c", nil as String?)
            json.member("d", true)
            json.member("e", 1.5)
            json.member("f", Double.nan)
            json.member(
                "g",
                array: { json in
                    json.value("y")
                    json.object { _ in }
                    json.array { _ in }
                    json.value(Int64.min)
                    json.null()
                }
            )
            json.member("h", json: Array("{ }".utf8))
            json.member("i", Timestamp(milliseconds: 0))
        }
        #expect(
            String(buffer: body) == #"{"a":1,"b":"x","c":null,"d":true,"e":1.5,"f":null,"#
                + #""g":["y",{},[],-9223372036854775808,null],"h":{ },"i":"1970-01-01T00:00:00.000Z"}"#
        )
    }

    @Test("can be read by others, whatever is in its strings")
    func strings() throws {
        let text = String(String.UnicodeScalarView((0..<0x250).map { Unicode.Scalar($0)! })) + "\u{2028}😀"
        let body = JSONWriter.document { $0.member(text, text) }
        let object = try JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: String]
        #expect(object == [text: text])
        #expect(String(buffer: JSONWriter.document { $0.member("a", "\u{1F}\u{1}") }) == #"{"a":"\u001f\u0001"}"#)
    }

    @Test(
        "has times as Foundation writes them",
        arguments: [
            0, 1, 999, 1000, 951_782_399_999, 951_782_400_000, 951_868_800_000, 1_709_164_800_000, 1_709_251_199_999,
            1_772_323_200_250, 4_107_542_400_000, 253_402_300_799_999, -1, -86_400_000, -2_208_988_800_000,
        ] as [Int64]
    )
    func times(milliseconds: Int64) {
        var buffer = ByteBuffer()
        buffer.writeRFC3339(Timestamp(milliseconds: milliseconds))
        let seconds = Int64((Double(milliseconds) / 1000).rounded(.down))
        let style = Date.ISO8601FormatStyle(timeZone: .gmt)
        let whole = Date(timeIntervalSince1970: Double(seconds)).formatted(style).dropLast()
        let fraction = String(milliseconds - seconds * 1000 + 1000).dropFirst()
        #expect(String(buffer: buffer) == "\(whole).\(fraction)Z")
    }
}
