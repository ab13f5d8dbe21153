import Testing

@testable import Pipeline

@Suite("The thread of the writing connection", .timeLimit(.minutes(1)))
struct WriterThreadTests {
    @Test("does what was enqueued before it stops, and what comes later is done elsewhere")
    func stop() async {
        let thread = WriterThread(named: "test")
        let places = await withTaskExecutorPreference(thread) {
            var places: [Bool] = []
            for number in 0..<3 {
                places.append(thread.isCurrent)
                if number == 1 { thread.stop() }
                await Task.yield()
            }
            return places
        }
        #expect(places == [true, true, false])
    }
}
