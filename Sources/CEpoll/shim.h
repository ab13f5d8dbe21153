// The Glibc module of Swift leaves epoll out.
#if defined(__linux__)
#include <sys/epoll.h>
#endif
