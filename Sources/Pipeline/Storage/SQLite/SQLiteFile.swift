import Foundation
import GRDB

/// Opens the database file of a store: one that is missing is made, one that is not ours is left alone.
enum SQLiteFile {
    /// - Returns: The path of the file itself, behind symbolic links.
    /// - Throws: `StoreError.unusable` when the folder does not exist or the file is a folder.
    static func resolve(_ path: String) throws(StoreError) -> String {
        let url = URL(fileURLWithPath: path)
        let folder = url.deletingLastPathComponent().resolvingSymlinksInPath()
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder), isFolder.boolValue else {
            throw .unusable(reason: "the folder \(folder.path) does not exist")
        }
        let file = folder.appendingPathComponent(url.lastPathComponent).resolvingSymlinksInPath()
        if FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder), isFolder.boolValue {
            throw .unusable(reason: "\(file.path) is a folder")
        }
        return file.path
    }

    /// - Throws: `StoreError.unusable` with the path and the reason in one sentence.
    static func open(_ path: String, readers: Int, gauge: WALGauge) throws(StoreError) -> DatabasePool {
        do {
            let pool = try DatabasePool(path: path, configuration: configuration(readers: readers))
            try pool.writeWithoutTransaction { db in
                // GRDB sets NORMAL, which forgets the last commits when the power fails.
                try db.execute(sql: "PRAGMA synchronous = FULL")
                if try SQLiteSchema.migrator.hasBeenSuperseded(db) {
                    throw StoreError.unusable(reason: "it was written by a newer version")
                }
                gauge.attach(to: db)
            }
            try SQLiteSchema.migrator.migrate(pool)
            return pool
        } catch {
            throw .unusable(reason: "\(path): \(StoreError(error).reason)")
        }
    }

    private static func configuration(readers: Int) -> Configuration {
        var configuration = Configuration()
        configuration.label = "postoffice"
        configuration.foreignKeysEnabled = true
        configuration.maximumReaderCount = readers
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            guard !db.configuration.readonly else { return }
            try refuseForeignFile(db)
            // Before the first table, or it has no effect: pages that the clean-up frees can be given back.
            try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            try db.execute(sql: "PRAGMA journal_size_limit = \(64 << 20)")
        }
        return configuration
    }

    private static func refuseForeignFile(_ db: Database) throws {
        let applicationID = try Int64.fetchOne(db, sql: "PRAGMA application_id")
        if applicationID == SQLiteSchema.applicationID { return }
        if try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM sqlite_schema") != 0 {
            throw StoreError.unusable(reason: "it is another program's database")
        }
    }
}
