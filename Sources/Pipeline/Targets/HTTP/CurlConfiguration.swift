/// How a `CurlTransport` connects.
package struct CurlConfiguration: Sendable {
    /// Which addresses are not connected to.
    package var addressPolicy = AddressPolicy.linkLocal
    /// Path of a PEM file with the authorities to trust (`TARGET_CA_BUNDLE`); nil for the system's.
    package var certificateAuthorities: String?
    /// Paths of PEM files with what is shown to targets that ask for a certificate (`TARGET_CLIENT_CERTIFICATE`,
    /// `TARGET_CLIENT_KEY`); nil for nothing. Read for each connection.
    package var clientCertificate: (certificate: String, key: String)?
    /// URL of the proxy for https targets (`HTTPS_PROXY`); nil for none. The environment's are never used.
    package var proxy: String?
    /// Hosts that are reached without the proxy (`NO_PROXY`).
    package var directHosts = DirectHosts(parsing: "")
    /// For name look-up, TCP and TLS together; the request's timeout if that is shorter.
    package var connectTimeout = Duration.seconds(10)
    /// The most exchanges that will be made at a time, and so the most connections in use. Not enforced here.
    package var maximumExchanges = 1_024
    /// Connections that are kept open beyond those in use, for all targets together.
    package var maximumIdleConnections = 256

    package init() {}
}
