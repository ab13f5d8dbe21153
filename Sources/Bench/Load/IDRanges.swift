/// Ids as ascending ranges: fifty thousand of them in a row are one.
struct IDRanges {
    private(set) var ranges: [ClosedRange<Int>] = []
    /// Ids that were given more than once.
    private(set) var repeated = IDSample()

    init(_ ids: [Int]) {
        for id in ids.sorted() {
            if let last = ranges.last, id == last.upperBound {
                repeated.add(id)
            } else if let last = ranges.last, id == last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...id
            } else {
                ranges.append(id...id)
            }
        }
    }
}
