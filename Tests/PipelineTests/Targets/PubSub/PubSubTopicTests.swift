import Testing

@testable import Pipeline

@Suite struct PubSubTopicTests {
    @Test("A target is the id of a topic, or its name with its project")
    func names() {
        #expect(PubSubTopic("orders").map { [$0.project, $0.id] } == [nil, "orders"])
        let full = PubSubTopic("projects/example.com:my-project1/topics/a-._~+%1")
        #expect(full.map { [$0.project, $0.id] } == ["example.com:my-project1", "a-._~+%1"])
    }

    @Test(
        "What is no name of a topic is no target",
        arguments: [
            "", "ab", "1abc", "googles", "a b c", "a/b", "topics/orders", "projects//topics/orders",
            "projects/p/topics/", "projects/p/topics/orders/", "/projects/p/topics/orders", "projects/1p/topics/orders",
            "projects/p/subscriptions/orders", "projects/p?/topics/orders", "http://127.0.0.1/", "örders",
            "a" + String(repeating: "b", count: 255),
        ]
    )
    func others(_ text: String) {
        #expect(PubSubTopic(text) == nil)
    }

    @Test("The address of a call keeps what a topic's id may hold")
    func url() {
        let google = PubSubConfiguration()
        #expect(
            google.publishURL(project: "p1", topic: "a%+~b")
                == "https://pubsub.googleapis.com/v1/projects/p1/topics/a%25+~b:publish"
        )
        for url in ["http://127.0.0.1:1", "http://127.0.0.1:1/"] {
            #expect(
                PubSubConfiguration(place: .service(url)).publishURL(project: "p", topic: "orders")
                    == "http://127.0.0.1:1/v1/projects/p/topics/orders:publish"
            )
        }
        #expect(
            PubSubConfiguration(place: .emulator("localhost:8085")).publishURL(project: "p", topic: "orders")
                == "http://localhost:8085/v1/projects/p/topics/orders:publish"
        )
    }
}
