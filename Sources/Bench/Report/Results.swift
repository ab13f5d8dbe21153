import ArgumentParser
import Foundation

/// The figures of a run, as they are printed on standard output.
struct Results: Encodable {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table
        case json
    }

    var figures: [Figure]

    func text(_ format: Format) throws -> String {
        switch format {
        case .table:
            return table()
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    private func table() -> String {
        var rows = [["figure", "value", "yardstick", "", "ratio"]]
        for figure in figures {
            rows.append([
                figure.name,
                "\(figure.value.measured) \(figure.unit)",
                figure.yardstick.name,
                "\(figure.yardstick.value.measured) \(figure.unit)",
                figure.ratio.text(digits: 2),
            ])
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        var lines = rows.map { row in
            zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined(separator: "  ")
                .trimmingSuffix(while: \.isWhitespace).description
        }
        for (index, figure) in figures.enumerated().reversed() {
            var details = figure.parameters.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            details += figure.context.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.measured)" }
            lines.insert("  " + details.joined(separator: ", "), at: index + 2)
        }
        return lines.joined(separator: "\n")
    }
}

extension String {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> Substring {
        var rest = self[...]
        while let last = rest.last, predicate(last) { rest.removeLast() }
        return rest
    }
}
