/// Where Pub/Sub is, and who we are there.
package struct PubSubConfiguration: Sendable, Equatable {
    package enum Place: Sendable, Equatable {
        /// Google's service or one that speaks like it, by its URL: every call carries an access token.
        case service(String)
        /// Google's emulator, by host and port: plain http, and nobody asks who we are.
        case emulator(String)
    }

    package static let google = "https://pubsub.googleapis.com/"

    package var place: Place
    /// The project of topics that are named without one; nil: that of the service account.
    package var project: String?
    /// Path of the service account's key file.
    package var credentials: String?

    package init(place: Place = .service(google), project: String? = nil, credentials: String? = nil) {
        self.place = place
        self.project = project
        self.credentials = credentials
    }

    var needsToken: Bool {
        switch place {
        case .service: true
        case .emulator: false
        }
    }

    /// What is wrong with the credentials as they are now, as a sentence without its full stop; nil: nothing.
    package var credentialsProblem: String? {
        guard needsToken else { return nil }
        do {
            _ = try ServiceAccount(path: credentials)
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Where messages for a topic are posted to.
    func publishURL(project: String, topic: String) -> String {
        let base =
            switch place {
            case .service(let url): url.hasSuffix("/") ? url : url + "/"
            case .emulator(let host): "http://\(host)/"
            }
        // The only character of a topic's id that a path cannot hold as it is.
        let id = topic.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%25")
        return "\(base)v1/projects/\(project)/topics/\(id):publish"
    }
}
