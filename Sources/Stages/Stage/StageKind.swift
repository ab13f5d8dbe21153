public enum StageKind: String, Sendable, Codable {
    case producer
    case producerConsumer = "producer_consumer"
    case consumer
    case supervisor
    case worker
}
