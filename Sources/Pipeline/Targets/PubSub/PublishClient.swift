/// Makes publish calls, one POST each (`projects.topics.publish` of the REST API), with an access token where one is asked
/// for.
struct PublishClient: Sendable {
    let configuration: PubSubConfiguration
    let transport: any HTTPTransport
    /// nil: nobody asks who we are.
    let tokens: AccessTokens?
    let world: World

    /// Google's answers to a refused call are longer than those of other receivers.
    private static let keptBytes = 8_192

    /// Publishes messages together: all of them are taken, or none.
    ///
    /// A token that is not accepted is fetched anew, once. When the task is cancelled the outcome is `returned`.
    /// - Parameters:
    ///   - body: made by `PublishBody`.
    ///   - timeout: for the call itself. It begins when there is an access token.
    func publish(_ body: [UInt8], to topic: PubSubTopic, timeout: Duration) async -> Outcome {
        guard let tokens else { return await post(body, to: topic, with: nil, timeout) }
        do throws(AccessTokenError) {
            let token = try await tokens.token()
            let outcome = await post(body, to: topic, with: token, timeout)
            guard outcome.status == 401 else { return outcome }
            tokens.reject(token)
            return await post(body, to: topic, with: try await tokens.token(), timeout)
        } catch .cancelled {
            return Outcome(result: .returned, error: "aborted", duration: .zero)
        } catch {
            return .failed("\(error)")
        }
    }

    private func post(
        _ body: [UInt8],
        to topic: PubSubTopic,
        with token: AccessToken?,
        _ timeout: Duration
    ) async -> Outcome {
        guard let project = topic.project ?? configuration.project ?? token?.account.project else {
            return .failed(
                "GCLOUD_PUBSUB_PROJECT_ID is not set, and the target does not say in which project the topic \(topic.id) is"
            )
        }
        var request = HTTPRequest(
            url: configuration.publishURL(project: project, topic: topic.id),
            headers: [("content-type", "application/json")],
            body: body,
            timeout: timeout
        )
        if let token { request.headers.append(("authorization", "Bearer \(token.text)")) }
        request.keptBytes = Self.keptBytes
        return Outcome(
            publishing: await transport.post(request),
            to: "projects/\(project)/topics/\(topic.id)",
            as: token?.account.email,
            now: world.now()
        )
    }
}
