import Testing

@testable import Pipeline

@Suite struct CheckpointPlanTests {
    var plan = CheckpointPlan(interval: 10, limit: 40)

    @Test mutating func `a short log is left alone`() {
        for pages in 0..<10 { #expect(plan.committed(pages: pages) == .none) }
    }

    @Test mutating func `one checkpoint at a time runs beside the commits`() {
        #expect(plan.committed(pages: 10) == .start)
        for pages in 11..<39 { #expect(plan.committed(pages: pages) == .none) }
        plan.checkpointed(pages: 39)
        #expect(plan.committed(pages: 39) == .start)
    }

    @Test mutating func `after a checkpoint the next one waits for as many pages again`() {
        #expect(plan.committed(pages: 12) == .start)
        plan.checkpointed(pages: 13)
        #expect(plan.committed(pages: 21) == .none)
        #expect(plan.committed(pages: 22) == .start)
    }

    @Test mutating func `a log that has started over is counted anew`() {
        #expect(plan.committed(pages: 39) == .start)
        plan.checkpointed(pages: 39)
        #expect(plan.committed(pages: 3) == .none)
        #expect(plan.committed(pages: 10) == .start)
    }

    @Test mutating func `the writer finishes a log that grows too long, once the checkpoint beside it is through`() {
        #expect(plan.committed(pages: 35) == .start)
        #expect(plan.committed(pages: 50) == .none)
        plan.checkpointed(pages: 50)
        #expect(plan.committed(pages: 51) == .finish)
        #expect(plan.committed(pages: 52) == .none)
        #expect(plan.committed(pages: 61) == .start)
    }
}
