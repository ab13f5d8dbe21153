import StagesTesting
import TestSupport
import Testing

@testable import Pipeline

@Suite struct HoleCodingTests {
    @Test(
        arguments: [
            [], [1], [127], [128], [1, 2, 3], [5, 300, 70_000], [.max - 1, .max], [1, .max],
        ] as [[Int64]]
    )
    func `holes come back as they were`(holes: [Int64]) {
        #expect(HoleCoding.decode(HoleCoding.encode(holes)) == holes)
    }

    @Test func `random holes come back as they were`() {
        var random = SeededGenerator(seed: 7)
        for count in [1, 10, 1000, 10_000] {
            let holes = Set((0..<count).map { _ in Int64.random(in: 1...(.max), using: &random) }).sorted()
            #expect(HoleCoding.decode(HoleCoding.encode(holes)) == holes)
        }
    }

    @Test func `holes close together take a byte each`() {
        #expect(HoleCoding.encode(Array(1_000_000..<1_000_100)).count == 102)
    }

    @Test(arguments: [[0x80], [1, 0xFF], Array(repeating: 0xFF, count: 11) + [1]] as [[UInt8]])
    func `bytes that are no holes are refused`(bytes: [UInt8]) {
        #expect(HoleCoding.decode(bytes) == nil)
    }
}
