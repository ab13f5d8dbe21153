#if THREAD_SANITIZER
import Stages

/// See the type of this name in `Stages`.
typealias Mutex<Value: ~Copyable> = Stages.Mutex<Value>
#endif
