import Foundation

/// Mounts that only one server sees: they vanish with it, whatever happens to the test.
enum PrivateMount {
    static let isPossible = geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/bin/unshare")

    /// The folder becomes read-only, also for root.
    static func readOnly(_ folder: URL) -> [String] {
        wrapper(#"mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@""#, folder)
    }

    /// The folder becomes a disk of so many bytes, most of which a file named `ballast` takes.
    static func smallDisk(_ folder: URL, bytes: Int, ballast: Int) -> [String] {
        wrapper(
            #"mount -t tmpfs -o size=\#(bytes) tmpfs "$0" && head -c \#(ballast) /dev/zero > "$0/ballast" && exec "$@""#,
            folder
        )
    }

    /// The folder, with what is in it, is on a disk of so many bytes, of which a file named `ballast` takes some.
    static func movedToSmallDisk(_ folder: URL, bytes: Int, ballast: Int) -> [String] {
        wrapper(
            """
            cp -a "$0" "$0.copy" && mount -t tmpfs -o size=\(bytes) tmpfs "$0" && cp -a "$0.copy/." "$0" \
                && rm -rf "$0.copy" && head -c \(ballast) /dev/zero > "$0/ballast" && exec "$@"
            """,
            folder
        )
    }

    /// Names are looked up at this name server alone.
    static func nameServer(_ address: String, _ folder: URL) throws -> [String] {
        let file = folder.appendingPathComponent("resolv.conf")
        try "nameserver \(address)\n".write(to: file, atomically: true, encoding: .utf8)
        return wrapper(#"mount --bind "$0/resolv.conf" /etc/resolv.conf && exec "$@""#, folder)
    }

    private static func wrapper(_ script: String, _ folder: URL) -> [String] {
        ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", script, folder.path]
    }
}
