import Foundation

extension Double {
    /// With a comma between thousands, and so many digits after the point; the same in every locale.
    func text(digits: Int = 0) -> String {
        let plain = String(format: "%.\(digits)f", self)
        let whole = plain.prefix { $0 != "." && $0 != "-" }
        guard whole.count > 3 else { return plain }
        var grouped = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index).isMultiple(of: 3) { grouped.append(",") }
            grouped.append(digit)
        }
        return grouped + plain.dropFirst(whole.count)
    }

    /// With as many digits as a measurement of this size is worth.
    var measured: String {
        self >= 100 ? text() : text(digits: self >= 10 ? 1 : 2)
    }
}
