import GRDB

/// Why one member of a batch could not be written although the others can.
struct MemberFailure: Error {
    var reason: StoreError
}

enum SQLiteMembers {
    /// Writes the members under one savepoint. When that fails through a row, the members are tried in two parts, and
    /// so on, until the one that is to blame is alone: it gets what `blame` says, and the others are written.
    ///
    /// - Throws: Whatever is not a matter of single rows (disk full, locked, damaged): the transaction has failed.
    static func write<Member, Result>(
        _ members: ArraySlice<Member>,
        _ db: Database,
        _ write: (ArraySlice<Member>) throws -> [Result],
        blame: (StoreError) -> Result
    ) throws -> [Result] {
        guard !members.isEmpty else { return [] }
        do {
            var results: [Result] = []
            try db.inSavepoint {
                results = try write(members)
                return .commit
            }
            return results
        } catch let error {
            guard db.isInsideTransaction, let reason = reason(error) else { throw error }
            if members.count == 1 { return [blame(reason)] }
            let middle = members.startIndex + members.count / 2
            return try self.write(members[..<middle], db, write, blame: blame)
                + self.write(members[middle...], db, write, blame: blame)
        }
    }

    private static func reason(_ error: any Error) -> StoreError? {
        switch error {
        case let failure as MemberFailure: failure.reason
        case let error as DatabaseError where error.isOfTheRow: StoreError(error)
        default: nil
        }
    }
}
