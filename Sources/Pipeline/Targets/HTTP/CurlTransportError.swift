/// Why the transport cannot be set up.
package enum CurlTransportError: Error, Sendable, Equatable {
    case cannotReadCertificates(path: String)
    case unusableProxy(String)
    case noDescriptor(String)
    case alreadyRan
}

extension CurlTransportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .cannotReadCertificates(let path): "cannot read the certificates in \(path)"
        case .unusableProxy(let url): "\(url) is not the http or https URL of a proxy"
        case .noDescriptor(let reason): "cannot open a file descriptor for the HTTP transport: \(reason)"
        case .alreadyRan: "an HTTP transport can be run only once"
        }
    }
}
