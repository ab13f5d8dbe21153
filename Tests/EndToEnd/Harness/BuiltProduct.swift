import Foundation

/// The programs that were built together with these tests.
enum BuiltProduct {
    static let postoffice: URL = {
        let folder = testBundleFolder
        let url = folder.appendingPathComponent("postoffice")
        precondition(FileManager.default.isExecutableFile(atPath: url.path), "\(url.path) is not there: build it first")
        return url
    }()

    /// The folder of one build's products.
    private static var testBundleFolder: URL {
        #if os(macOS)
        Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }!.bundleURL.deletingLastPathComponent()
        #else
        Bundle.main.executableURL!.deletingLastPathComponent()
        #endif
    }
}
