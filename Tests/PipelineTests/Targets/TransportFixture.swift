import Testing

@testable import Pipeline

/// Runs a transport for as long as `body` takes, and sees to it that nothing of it is left.
func withTransport<R: Sendable>(
    _ configuration: CurlConfiguration = CurlConfiguration(),
    resolver: Resolver = .system,
    nameLimits: NameLimits = NameLimits(),
    pollsPortably: Bool = false,
    _ body: @Sendable (CurlTransport) async throws -> R
) async throws -> R {
    let transport = try CurlTransport(
        configuration: configuration,
        resolver: resolver,
        nameLimits: nameLimits,
        pollsPortably: pollsPortably
    )
    let result = try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await transport.run() }
        let result = try await body(transport)
        group.cancelAll()
        try await group.waitForAll()
        return result
    }
    #expect(transport.counts.transfers == 0)
    #expect(transport.counts.handles == 0)
    return result
}

/// Runs a server for as long as `body` takes.
func withServer<R>(
    receiveBuffer: Int32? = nil,
    _ script: @escaping @Sendable (ScriptedConnection) throws -> Void,
    _ body: (ScriptedServer) async throws -> R
) async throws -> R {
    let server = try ScriptedServer(receiveBuffer: receiveBuffer, script)
    defer { server.stop() }
    return try await body(server)
}

extension HTTPRequest {
    /// A small request with plenty of time.
    init(to url: String, body: String = "{}", timeout: Duration = .seconds(30)) {
        self.init(
            url: url,
            headers: [("content-type", "application/json")],
            body: Array(body.utf8),
            timeout: timeout
        )
    }
}
