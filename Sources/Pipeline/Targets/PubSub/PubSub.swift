/// Google Cloud Pub/Sub as a node uses it: a transport of its own (what happens there holds up no other delivery), and the
/// access token that all publishers share.
package final class PubSub: Sendable {
    private let transport: CurlTransport
    private let tokens: AccessTokens?
    let client: PublishClient

    /// - Throws: when certificates or the proxy cannot be used. Credentials are not looked at before they are needed.
    package init(
        _ configuration: PubSubConfiguration,
        curl: CurlConfiguration,
        world: World = .real
    ) throws(CurlTransportError) {
        transport = try CurlTransport(configuration: curl)
        tokens =
            configuration.needsToken
            ? AccessTokens(credentials: configuration.credentials, transport: transport, world: world) : nil
        client = PublishClient(configuration: configuration, transport: transport, tokens: tokens, world: world)
    }

    package var target: any Target { PubSubTarget(client: client) }

    /// Serves until the task is cancelled. What is sent before waits for it, what is sent afterwards is aborted.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.transport.run() }
            if let tokens { group.addTask { await tokens.run() } }
            try await group.waitForAll()
        }
    }
}
