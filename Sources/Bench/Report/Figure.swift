import Foundation

/// One measured number, next to what the same run says is possible.
struct Figure: Encodable {
    struct Yardstick: Encodable {
        var name: String
        var value: Double
    }

    enum Parameter: Encodable, CustomStringConvertible {
        case number(Int)
        case text(String)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .number(let number): try container.encode(number)
            case .text(let text): try container.encode(text)
            }
        }

        var description: String {
            switch self {
            case .number(let number): Double(number).text()
            case .text(let text): text
            }
        }
    }

    var name: String
    /// The median of the rounds.
    var value: Double
    var unit: String
    var parameters: [String: Parameter]
    var yardstick: Yardstick
    /// The value as a part of the yardstick's.
    var ratio: Double
    /// What else was measured, that helps to understand the value.
    var context: [String: Double]

    /// - Parameters: of each round, in the order measured. With `paired` the ratio is the median of the rounds' own
    ///   ratios, which a drift of the machine does not change.
    init(
        _ name: String,
        unit: String,
        parameters: [String: Parameter],
        values: [Double],
        yardstick: String,
        yardstickValues: [Double],
        context: [String: [Double]] = [:],
        paired: Bool = false
    ) {
        self.name = name
        self.unit = unit
        self.parameters = parameters
        value = Self.rounded(Self.median(values))
        self.yardstick = Yardstick(name: yardstick, value: Self.rounded(Self.median(yardstickValues)))
        ratio = Self.rounded(
            paired
                ? Self.median(zip(values, yardstickValues).map { $0 / $1 })
                : Self.median(values) / Self.median(yardstickValues)
        )
        self.context = context.mapValues { Self.rounded(Self.median($0)) }
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// To a precision that a measurement can have.
    private static func rounded(_ value: Double) -> Double {
        let scale = value >= 100 ? 1.0 : 1000.0
        return (value * scale).rounded() / scale
    }
}
