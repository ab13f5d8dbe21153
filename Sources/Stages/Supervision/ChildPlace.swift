/// Where a child stands among its siblings: they start in this order, and end in reverse.
struct ChildPlace: Sendable, Comparable {
    let position: Int
    let id: String

    static func < (left: ChildPlace, right: ChildPlace) -> Bool { left.position < right.position }
}
