import Foundation
import NIOCore

/// Why a command could not do its work: one line for a person.
struct StartFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// An error that ended the server, in words.
    init(_ error: any Error, host: String, port: Int) {
        switch error {
        case let failure as StartFailure:
            self = failure
        case let error as IOError where error.errnoCode == EADDRINUSE:
            self.init("\(host):\(port) is in use by another program: choose a free port")
        case let error as IOError where error.errnoCode == EACCES:
            self.init("\(host):\(port) may not be used: ports below 1024 need special rights")
        case let error as IOError where error.errnoCode == EADDRNOTAVAIL:
            self.init("\(host) is no address of this machine: set HOST to one")
        default:
            self.init("the server on \(host):\(port) ended: \(error)")
        }
    }
}
