/* What Swift's own module of the C library leaves out: how glibc's allocator is set up. Empty elsewhere. */
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
