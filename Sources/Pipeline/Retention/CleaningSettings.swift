/// What a node removes, and when.
package struct CleaningSettings: Sendable {
    /// The age in seconds that messages of topics have to be which say nothing else.
    package var threshold = 7_890_000
    /// When those have their turn; nil: never.
    package var timetable: CronExpression?
    /// How often topics with an age of their own have theirs.
    package var interval: Duration = .seconds(60)

    package init() {}
}
