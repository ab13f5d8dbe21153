import Pipeline

/// Which messages of a publisher a client wants dropped or delivered again.
enum OperationRequest {
    enum Replay: Sendable, Equatable {
        case messages([Int64])
        /// Those received in this time; nil: from the beginning, or to the end.
        case range(from: Timestamp?, to: Timestamp?)
    }

    /// Ids of one request: each is looked at by itself.
    static let maximumIDs = 10_000

    /// - Returns: nil for all of them.
    static func discarded(_ fields: inout Fields) -> [Int64]? {
        let all = fields.bool("all") ?? false
        let ids = fields.ids("ids", upTo: maximumIDs)
        if all {
            // Some or all: a client that says both may not mean all.
            if fields.has("ids") { fields.errors.add("all", FieldErrors.invalid) }
            return nil
        }
        if !fields.has("ids"), !fields.errors.has("all") { fields.errors.add("ids", FieldErrors.blank) }
        return ids ?? []
    }

    static func replayed(_ fields: inout Fields) -> Replay {
        let ids = fields.ids("ids", upTo: maximumIDs)
        let from = fields.time("from")
        let to = fields.time("to")
        let hasRange = from != nil || to != nil
        if fields.has("ids") {
            if hasRange { fields.errors.add("ids", FieldErrors.invalid) }
            return .messages(ids ?? [])
        }
        // The whole log again is asked for with a time, not by forgetting one.
        if !hasRange, fields.errors.isEmpty { fields.errors.add("from", FieldErrors.blank) }
        if let from, let to, from >= to { fields.errors.add("to", "must be later than from") }
        return .range(from: from, to: to)
    }
}
