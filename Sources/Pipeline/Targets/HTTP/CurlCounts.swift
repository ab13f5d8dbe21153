/// What a transport has under way.
package struct CurlCounts: Sendable, Equatable {
    /// Exchanges that libcurl works at.
    package var transfers: Int
    /// Easy handles, those kept for later included.
    package var handles: Int
    /// Threads that look up a name.
    package var lookUps: Int
}
