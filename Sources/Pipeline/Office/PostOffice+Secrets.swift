extension PostOffice {
    /// Gives the publisher a new secret. The one that it has had signs as well for `SigningSecret.overlap`.
    /// - Returns: nil when there is no such publisher.
    package func rotateSecret(publisher id: Int64) async throws -> (status: PublisherStatus, secret: String)? {
        let secret = SigningSecret.generate()
        let now = resources.world.now()
        let status = try await updatePublisher(id: id) { publisher in
            var settings = publisher.settings
            settings.secret = .rotated(settings.secret, to: secret, at: now)
            return settings
        }
        return status.map { ($0, secret) }
    }
}
