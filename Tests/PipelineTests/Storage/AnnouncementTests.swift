@testable import Pipeline
import Testing

@Suite struct AnnouncementTests {
    @Test(arguments: [[], [7], [7, 8, 9_000_000_000]])
    func `an announcement arrives as it was sent`(_ topics: [Int64]) {
        let announcement = Announcement(sender: 5, topics: topics)
        #expect(Announcement(announcement.text) == announcement)
    }

    @Test func `it stays below what PostgreSQL takes`() {
        let announcement = Announcement(sender: 5, topics: Array(1_000_000_000...1_000_010_000))
        #expect(announcement.text.utf8.count < 8000)
        #expect(Announcement(announcement.text)?.topics.first == 1_000_000_000)
    }

    @Test(arguments: ["", "x", "1", "1:2:3"])
    func `what others say on the channel is no announcement`(_ text: String) {
        #expect(Announcement(text) == nil)
    }
}
