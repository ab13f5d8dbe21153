extension StoreError {
    /// What an error of PostgreSQL means to whoever uses the store.
    init(postgres error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case PostgresError.lost(let reason): self = .outcomeUnknown(reason: reason)
        case PostgresError.report(let report): self.init(report)
        default: self = .unavailable(reason: "\(error)")
        }
    }

    private init(_ report: PostgresError.Report) {
        self =
            switch report.state {
            case "53100": .unavailable(reason: "the disk of the database server is full")
            case "57014": .unavailable(reason: "the database took too long (\(report.statement ?? report.message))")
            case "25006": .unavailable(reason: "the database can only be read: it is a standby")
            case "42501": .unavailable(reason: "the user has no right to it: \(report.message)")
            default: .unavailable(reason: "\(PostgresError.report(report))")
            }
    }
}
