import Foundation

/// How many files and sockets the process may have open.
enum OpenFiles {
    /// Raises the soft limit to the hard one, which needs no rights: a crowd of publishers has more than 1,024.
    static func raiseLimit() {
        #if canImport(Glibc)
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
        let resource = RLIMIT_NOFILE
        #endif
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(resource, &limit)
    }
}
