/// Each publisher's own kind of target.
package struct TargetsByType: Target {
    private let http: any Target
    private let pubsub: any Target

    package init(http: any Target, pubsub: any Target) {
        self.http = http
        self.pubsub = pubsub
    }

    package func deliver(_ delivery: Delivery) async -> [Outcome] {
        switch delivery.publisher.settings.type {
        case .http: await http.deliver(delivery)
        case .pubsub: await pubsub.deliver(delivery)
        }
    }
}
