/// What one store tells the others, as text: its number, and the topics that have grown.
struct Announcement: Equatable {
    /// The most that PostgreSQL takes is 8,000 bytes. Topics beyond it are left to the others' regular refresh.
    private static let maximumLength = 7900

    var sender: Int64
    var topics: [Int64]

    init(sender: Int64, topics: [Int64]) {
        self.sender = sender
        self.topics = topics
    }

    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let sender = Int64(parts[0]) else { return nil }
        self.sender = sender
        topics = parts[1].split(separator: ",").compactMap { Int64($0) }
    }

    var text: String {
        var text = "\(sender):"
        for topic in topics where text.utf8.count < Self.maximumLength { text += "\(topic)," }
        return text
    }
}
