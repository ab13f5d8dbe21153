import Synchronization
import Testing

@testable import Pipeline

struct HTTPTargetTests {
    /// Keeps what it is to post, and says that this came of it.
    private final class Transport: HTTPTransport {
        let requests = Mutex<[HTTPRequest]>([])
        let exchange: HTTPExchange

        init(_ exchange: HTTPExchange) {
            self.exchange = exchange
        }

        func send(_ request: HTTPRequest) async -> HTTPExchange {
            requests.withLock { $0.append(request) }
            return exchange
        }
    }

    private static let now = Timestamp(milliseconds: 1_614_265_330_500)
    private static let world = World(clock: ContinuousClock(), now: { now }, random: { $0.lowerBound })

    private func deliver(
        _ exchange: HTTPExchange,
        _ change: (inout PublisherSettings) -> Void = { _ in }
    ) async -> (outcome: Outcome, request: HTTPRequest) {
        var settings = PublisherSettings(target: "http://127.0.0.1/a")
        change(&settings)
        let transport = Transport(exchange)
        let outcomes = await HTTPTarget(transport: transport, world: Self.world).deliver(
            Delivery(
                publisher: Publisher(id: 1, topicID: 1, topic: "ö", settings: settings, insertedAt: Self.now),
                messages: [7],
                attempt: 3,
                body: Array("{}".utf8)
            )
        )
        return (outcomes[0], transport.requests.withLock { $0[0] })
    }

    @Test("A request has our headers, then the publisher's, then its signature")
    func headers() async {
        let plain = await deliver(HTTPExchange(status: 200)).request.headers.map { "\($0.name): \($0.value)" }
        let ours = [
            "content-type: application/json", "message-id: 7", "postoffice-topic: %C3%B6", "postoffice-attempt: 3",
        ]
        #expect(plain == ours)
        let request = await deliver(HTTPExchange(status: 200)) { settings in
            settings.headers = [Header(name: "B", value: "2"), Header(name: "A", value: "1")]
            settings.secret = SigningSecret(current: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        }.request
        let all = request.headers.map { "\($0.name): \($0.value)" }
        #expect(
            all.dropLast() == ours + ["B: 2", "A: 1", "webhook-id: 7", "webhook-timestamp: 1614265330"]
        )
        #expect(all.last?.hasPrefix("webhook-signature: v1,") == true)
    }

    @Test(
        "A status says whose fault it is",
        arguments: [
            (200, Attempt.Result.delivered, nil), (204, .delivered, nil), (299, .delivered, nil),
            (301, .refused, "the target redirects (status 301)"),
            (400, .refused, "the target refused the message with status 400 (bad request)"),
            (404, .refused, "the target refused the message with status 404 (not found)"),
            (410, .refused, "the target is gone for good (status 410)"),
            (408, .failed, "the target answered with status 408 (request timeout)"),
            (425, .failed, "the target answered with status 425 (too early)"),
            (429, .failed, "the target asks for fewer requests (status 429)"),
            (500, .failed, "the target answered with status 500 (internal server error)"),
            (503, .failed, "the target answered with status 503 (service unavailable)"),
            (599, .failed, "the target answered with status 599"),
        ] as [(Int, Attempt.Result, String?)]
    )
    func statuses(status: Int, result: Attempt.Result, error: String?) async {
        let outcome = await deliver(HTTPExchange(status: status)).outcome
        #expect(outcome.result == result)
        #expect(outcome.status == status)
        #expect(outcome.error == error)
    }

    @Test("A redirect says where it points, but not what stands in its query")
    func redirect() async {
        let exchange = HTTPExchange(status: 307, location: "https://other.test/a?token=b")
        let outcome = await deliver(exchange).outcome
        #expect(outcome.result == .refused)
        #expect(outcome.error == "the target redirects to https://other.test/a?… (status 307)")
        let long = await deliver(HTTPExchange(status: 302, location: String(repeating: "a", count: 9000))).outcome
        #expect((long.error?.utf8.count ?? 0) < 600)
    }

    @Test("Of a failing response the first 1,024 bytes are kept, of another none")
    func response() async {
        let body = [UInt8](repeating: 97, count: 2000)
        #expect(await deliver(HTTPExchange(status: 500, body: body)).outcome.response.count == 1024)
        #expect(await deliver(HTTPExchange(status: 200, body: body)).outcome.response.isEmpty)
    }

    @Test("Retry-After counts with a failing response, from the end of the attempt")
    func retryAfter() async {
        func delay(_ status: Int, _ value: String?) async -> Duration? {
            await deliver(HTTPExchange(status: status, retryAfter: value)).outcome.retryAfter
        }
        #expect(await delay(503, "120") == .seconds(120))
        #expect(await delay(404, "5") == .seconds(5))
        #expect(await delay(429, "Thu, 25 Feb 2021 15:02:20 GMT") == .milliseconds(9500))
        #expect(await delay(503, "later") == nil)
        #expect(await delay(503, nil) == nil)
        #expect(await delay(200, "120") == nil)
    }

    @Test("Without a response the target is at fault, unless the attempt was ended from here")
    func failures() async {
        let failure = TransportFailure.timedOut(after: .seconds(5), phase: .waiting)
        let failed = await deliver(HTTPExchange(failure: failure, duration: .seconds(5))).outcome
        #expect(failed.result == .failed)
        #expect(failed.error == "timed out after 5 s while waiting for the response")
        #expect(failed.duration == .seconds(5))
        #expect(await deliver(HTTPExchange(failure: .aborted)).outcome.result == .returned)
    }
}
