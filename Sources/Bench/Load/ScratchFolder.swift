import Foundation
import Synchronization

/// A folder of its own for a measurement, removed with it.
final class ScratchFolder {
    let url: URL

    /// - Parameter parent: where; nil takes the system's place for temporary files.
    init(in parent: String? = nil) throws {
        let base = parent.map { URL(fileURLWithPath: $0) } ?? FileManager.default.temporaryDirectory
        url = base.appendingPathComponent("postoffice-bench-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        Self.existing.withLock { _ = $0.insert(url) }
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
        Self.existing.withLock { _ = $0.remove(url) }
    }

    private static let existing = Mutex<Set<URL>>([])

    /// For an end that runs no `deinit`.
    static func removeAll() {
        for url in existing.withLock({ $0 }) { try? FileManager.default.removeItem(at: url) }
    }
}
