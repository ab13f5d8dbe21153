import Testing

@testable import Pipeline

@Suite struct CleaningPaceTests {
    private func slice(_ milliseconds: Int, removed: Int = 1000) -> RetentionSlice {
        RetentionSlice(removed: removed, next: 1, duration: .milliseconds(milliseconds))
    }

    @Test func `slices that are through soon become larger, and slow ones smaller, within bounds`() {
        var pace = CleaningPace()
        let first = pace.size
        _ = pace.finished(slice(1))
        #expect(pace.size > first)
        for _ in 0..<100 { _ = pace.finished(slice(1)) }
        #expect(pace.size == CleaningPace.sizes.upperBound)
        _ = pace.finished(slice(11))
        #expect(pace.size == CleaningPace.sizes.upperBound / 2)
        for _ in 0..<100 { _ = pace.finished(slice(500)) }
        #expect(pace.size == CleaningPace.sizes.lowerBound)
    }

    @Test func `a slice that found nothing to do says nothing of the next one`() {
        var pace = CleaningPace()
        let before = pace
        _ = pace.finished(slice(0, removed: 0))
        #expect(pace == before)
    }

    @Test func `most of the time belongs to others`() {
        var pace = CleaningPace()
        #expect(pace.finished(slice(8)) == .milliseconds(24))
        #expect(pace.finished(slice(0)) == .milliseconds(1))
    }
}
