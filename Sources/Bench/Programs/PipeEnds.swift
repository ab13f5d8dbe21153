import Foundation
import Synchronization

/// The two ends of a pipe that programs started later do not get.
package struct PipeEnds: Sendable {
    package let reading: Int32
    package let writing: Int32

    package init() throws {
        var ends: [Int32] = [0, 0]
        // An end is open for a moment before it is marked: no program is started in it.
        try Spawning.starting.withLock { _ in
            guard pipe(&ends) == 0 else { throw ProgramError.system("open a pipe", errno) }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        }
        reading = ends[0]
        writing = ends[1]
    }
}
