/// When a child has to have ended, or is to be started again.
struct ChildDeadline: Sendable, Comparable {
    let time: Duration
    let place: ChildPlace

    static func < (left: ChildDeadline, right: ChildDeadline) -> Bool {
        (left.time, left.place) < (right.time, right.place)
    }
}
