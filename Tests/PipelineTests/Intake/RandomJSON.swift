import StagesTesting

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// Random JSON texts, well-formed ones and damaged ones.
enum RandomJSON {
    static func document(_ random: inout SeededGenerator) -> [UInt8] {
        var text = ""
        value(&text, depth: 0, &random)
        return Array(text.utf8)
    }

    static func object(members: Int, keys: [String], _ random: inout SeededGenerator) -> [UInt8] {
        var text = space(&random) + "{"
        for index in 0..<members {
            text +=
                (index == 0 ? "" : ",") + space(&random) + keys.randomElement(using: &random)! + space(&random) + ":"
            value(&text, depth: 2, &random)
        }
        text += space(&random) + "}" + space(&random)
        return Array(text.utf8)
    }

    /// A document with one byte changed, removed, added or doubled, or cut short.
    static func damaged(_ document: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var result = document
        let place = Int.random(in: 0..<result.count, using: &random)
        let bytes = Array("{}[]\",:\\/0123456789-+.eEtrufalsn \n\u{1}\u{1F}\u{7F}xé".utf8) + [0x80, 0xC0, 0xFF]
        switch Int.random(in: 0..<5, using: &random) {
        case 0: result[place] = bytes.randomElement(using: &random)!
        case 1: result.remove(at: place)
        case 2: result.insert(bytes.randomElement(using: &random)!, at: place)
        case 3: result.insert(result[place], at: place)
        default: result.removeSubrange(place...)
        }
        return result
    }

    private static func value(_ text: inout String, depth: Int, _ random: inout SeededGenerator) {
        text += space(&random)
        switch Int.random(in: 0..<(depth < 5 ? 9 : 7), using: &random) {
        case 0: text += ["true", "false", "null"].randomElement(using: &random)!
        case 1, 2: text += number(&random)
        case 3...6: text += string(&random)
        case 7:
            text += "["
            for index in 0..<Int.random(in: 0...4, using: &random) {
                text += index == 0 ? "" : ","
                value(&text, depth: depth + 1, &random)
            }
            text += space(&random) + "]"
        default:
            text += "{"
            for index in 0..<Int.random(in: 0...4, using: &random) {
                text += (index == 0 ? "" : ",") + space(&random) + string(&random) + space(&random) + ":"
                value(&text, depth: depth + 1, &random)
            }
            text += space(&random) + "}"
        }
        text += space(&random)
    }

    /// Without escaped surrogates: damaged, they would divide the judges (we keep to the grammar, Foundation decodes).
    static func string(_ random: inout SeededGenerator) -> String {
        let parts = [
            "a", "Zz", "0123456789", " ", "é", "€", "😀", "\u{7F}", "\\n", "\\\"", "\\\\", "\\/", "\\u00e9",

            "\\u0000", "'", "{", "]", ",", ":",
        ]
        let count = Int.random(in: 0...12, using: &random)
        return "\"" + (0..<count).map { _ in parts.randomElement(using: &random)! }.joined() + "\""
    }

    private static func number(_ random: inout SeededGenerator) -> String {
        ["0", "-0", "7", "-12", "1.5", "-0.25", "1e5", "2E-3", "3.25e+10", "123456789012345", "0.1"]
            .randomElement(using: &random)!
    }

    private static func space(_ random: inout SeededGenerator) -> String {
        ["", "", "", " ", "\n", "\t\r\n "].randomElement(using: &random)!
    }
}
