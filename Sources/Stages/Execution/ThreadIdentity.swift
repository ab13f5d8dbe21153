#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Tells threads apart.
enum ThreadIdentity {
    /// Never zero. Neither inlined nor called from an async function: `pthread_self` is declared to give the same answer
    /// for ever, so the compiler may move it across a suspension, after which it is another thread's.
    @inline(never)
    static var current: UInt {
        #if canImport(Darwin)
        UInt(bitPattern: pthread_self())
        #else
        UInt(pthread_self())
        #endif
    }
}
