/* SPDX-License-Identifier: MIT */
/* Capabilities off and a list of permitted system calls.
 *
 * Every call that is not in these tables fails with EPERM. What the tables keep
 * out is what would give a captured daemon more than it was given at boot: a
 * new descriptor by name (open*, open_by_handle_at, /proc/self/fd), a right
 * added to one it has (chmod*, fchmodat2, executable memory), another process's
 * memory or descriptors (ptrace, process_vm_*, pidfd_getfd), another program
 * (execve, fork), or a network. A filter cannot look behind a pointer, so calls
 * whose meaning lies in a structure (clone3, openat2) are never on the list.
 *
 * Calls without a condition cost next to nothing: the kernel keeps them in a
 * bitmap and does not run the filter. The calls of the packet path are such. */
#define _GNU_SOURCE 1
#include "base/os/sandbox.h"

#include "base/bits.h"
#include "base/os/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PUMP = 1 << SANDBOX_PUMP, PAIR = 1 << SANDBOX_PAIR };
enum { STREAMS = 1 << SANDBOX_STREAMS, DESK = 1 << SANDBOX_DESK };
enum { ALL = PUMP | PAIR | STREAMS | DESK };

/* A call and who may make it. With `tests`, only with such arguments. */
struct permit {
    int call;
    unsigned profiles;
    unsigned tests;
    struct scmp_arg_cmp test[2];
};

/* clang-format off */
static const struct permit permits[] = {
    /* Bytes and messages through descriptors that are open already. */
    {.call = SCMP_SYS(read), .profiles = ALL},
    {.call = SCMP_SYS(readv), .profiles = ALL},
    {.call = SCMP_SYS(write), .profiles = ALL},
    {.call = SCMP_SYS(writev), .profiles = ALL},
    {.call = SCMP_SYS(recvmsg), .profiles = ALL},
    {.call = SCMP_SYS(recvmmsg), .profiles = ALL},
    {.call = SCMP_SYS(sendmsg), .profiles = ALL},
    {.call = SCMP_SYS(sendmmsg), .profiles = ALL},
    {.call = SCMP_SYS(recvfrom), .profiles = STREAMS | DESK},
    {.call = SCMP_SYS(sendto), .profiles = STREAMS | DESK},
    {.call = SCMP_SYS(close), .profiles = ALL},

    /* A datagram socket's other end, by name. It makes no descriptor, and the
     * other sockets are connected for good; but whoever reads datagrams at a
     * path that this uid may write to can be spoken to. */
    {.call = SCMP_SYS(connect), .profiles = PAIR},

    /* Waiting and time. */
    {.call = SCMP_SYS(epoll_wait), .profiles = ALL},
    {.call = SCMP_SYS(epoll_pwait), .profiles = ALL},
    {.call = SCMP_SYS(epoll_ctl), .profiles = ALL},
    {.call = SCMP_SYS(poll), .profiles = ALL},
    {.call = SCMP_SYS(ppoll), .profiles = ALL},
    {.call = SCMP_SYS(clock_gettime), .profiles = ALL},
    {.call = SCMP_SYS(clock_nanosleep), .profiles = ALL},
    {.call = SCMP_SYS(sched_yield), .profiles = ALL},
    {.call = SCMP_SYS(futex), .profiles = ALL},
    {.call = SCMP_SYS(restart_syscall), .profiles = ALL},

    /* malloc: brk alone serves one thread, large blocks included. */
    {.call = SCMP_SYS(brk), .profiles = ALL},
    {.call = SCMP_SYS(munmap), .profiles = ALL},
    {.call = SCMP_SYS(madvise), .profiles = ALL},

    /* Signals and the end; abort sends itself SIGABRT with tgkill. */
    {.call = SCMP_SYS(rt_sigreturn), .profiles = ALL},
    {.call = SCMP_SYS(rt_sigprocmask), .profiles = ALL},
    {.call = SCMP_SYS(getpid), .profiles = ALL},
    {.call = SCMP_SYS(gettid), .profiles = ALL},
    {.call = SCMP_SYS(exit), .profiles = ALL},
    {.call = SCMP_SYS(exit_group), .profiles = ALL},

    /* A received region: shared, never executable. A descriptor opened for
     * reading gives no writable mapping, at once or by mprotect later. */
    {.call = SCMP_SYS(mmap), .profiles = STREAMS, .tests = 2,
     .test = {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0},
              {3, SCMP_CMP_MASKED_EQ, MAP_TYPE, MAP_SHARED}}},
    /* glibc's fstat. With a path it tells that a file exists, no more. */
    {.call = SCMP_SYS(newfstatat), .profiles = STREAMS, .tests = 1,
     .test = {{3, SCMP_CMP_EQ, AT_EMPTY_PATH, 0}}},
    {.call = SCMP_SYS(fstat), .profiles = STREAMS},
    {.call = SCMP_SYS(fcntl), .profiles = STREAMS, .tests = 1,
     .test = {{1, SCMP_CMP_EQ, F_GET_SEALS, 0}}},
    {.call = SCMP_SYS(fcntl), .profiles = STREAMS | DESK, .tests = 1,
     .test = {{1, SCMP_CMP_EQ, F_GETFL, 0}}},

    /* libzmq: connections that its listening socket brings... */
    {.call = SCMP_SYS(accept4), .profiles = DESK},
    {.call = SCMP_SYS(getsockopt), .profiles = DESK},
    {.call = SCMP_SYS(setsockopt), .profiles = DESK},
    {.call = SCMP_SYS(getsockname), .profiles = DESK},
    {.call = SCMP_SYS(getpeername), .profiles = DESK},
    {.call = SCMP_SYS(eventfd2), .profiles = DESK},
    {.call = SCMP_SYS(epoll_create1), .profiles = DESK},
    {.call = SCMP_SYS(fcntl), .profiles = DESK, .tests = 1,
     .test = {{1, SCMP_CMP_EQ, F_SETFL, 0}}},
    /* ... and threads, with their stacks and heaps. */
    {.call = SCMP_SYS(clone), .profiles = DESK, .tests = 1,
     .test = {{0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD}}},
    {.call = SCMP_SYS(mmap), .profiles = DESK, .tests = 1,
     .test = {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}}},
    {.call = SCMP_SYS(mprotect), .profiles = DESK, .tests = 1,
     .test = {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}}},
    {.call = SCMP_SYS(prctl), .profiles = DESK, .tests = 1,
     .test = {{0, SCMP_CMP_EQ, PR_SET_NAME, 0}}},
    {.call = SCMP_SYS(set_robust_list), .profiles = DESK},
    {.call = SCMP_SYS(rseq), .profiles = DESK},
    {.call = SCMP_SYS(sched_getaffinity), .profiles = DESK},
    {.call = SCMP_SYS(sched_getparam), .profiles = DESK},
    {.call = SCMP_SYS(sched_getscheduler), .profiles = DESK},
    {.call = SCMP_SYS(sched_setscheduler), .profiles = DESK, .tests = 1,
     .test = {{1, SCMP_CMP_EQ, SCHED_OTHER, 0}}},
    {.call = SCMP_SYS(getrandom), .profiles = DESK},
};
/* clang-format on */

/* What the sanitizers' runtimes call from inside any function, in builds for
 * tests only. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define SANITIZED 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#        define SANITIZED 1
#    endif
#endif
#ifdef SANITIZED
#    include <sanitizer/lsan_interface.h>

/* clang-format off */
static const struct permit sanitizer_permits[] = {
    {.call = SCMP_SYS(mmap), .profiles = ALL, .tests = 1,
     .test = {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}}},
    {.call = SCMP_SYS(sigaltstack), .profiles = ALL},
    {.call = SCMP_SYS(set_robust_list), .profiles = ALL},
    {.call = SCMP_SYS(rseq), .profiles = ALL},
    {.call = SCMP_SYS(nanosleep), .profiles = ALL},
    {.call = SCMP_SYS(gettimeofday), .profiles = ALL},
};
/* clang-format on */

/* The leak checker attaches to the process at its end, which is what being not
 * dumpable forbids. */
static int leaks_unchecked;

int
__lsan_is_turned_off(void)
{
    return leaks_unchecked;
}
#endif

static void
refuse_new_privileges(void)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        die(EXIT_FAILED, "sandbox: no_new_privs: %s", strerror(errno));
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        die(EXIT_FAILED, "sandbox: not dumpable: %s", strerror(errno));
}

/* Without CAP_SETPCAP the bounding set cannot be changed, and need not be: what
 * it bounds is what execve may give, and no_new_privs lets that be nothing. */
static void
empty_bounding_set(void)
{
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0;
         cap++) {
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EPERM)
            die(EXIT_FAILED, "sandbox: bounding set: %s", strerror(errno));
    }
}

static void
drop_capabilities(void)
{
    struct __user_cap_header_struct header = {
        .version = _LINUX_CAPABILITY_VERSION_3,
    };
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

    empty_bounding_set(); /* first: it takes a capability to do */
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        die(EXIT_FAILED, "sandbox: ambient set: %s", strerror(errno));
    if (syscall(SYS_capset, &header, none) < 0)
        die(EXIT_FAILED, "sandbox: capabilities: %s", strerror(errno));
}

void
sandbox_drop_privileges(void)
{
    drop_capabilities();
    refuse_new_privileges();
}

static void
must(int rc, const char *what)
{
    if (rc < 0)
        die(EXIT_FAILED, "sandbox: %s: %s", what, strerror(-rc));
}

static void
add_permits(scmp_filter_ctx filter, unsigned profile,
            const struct permit *table, size_t rows)
{
    for (const struct permit *p = table; p < table + rows; p++) {
        if ((p->profiles & profile) != 0)
            must(seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, p->call,
                                        p->tests, p->test),
                 "system call");
    }
}

void
sandbox_enter(enum sandbox_profile profile)
{
    const struct scmp_arg_cmp own_process = {
        .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)getpid()};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));

    if (filter == NULL)
        die(EXIT_FAILED, "sandbox: no memory");
    must(seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1), "all threads");
    add_permits(filter, 1U << profile, permits, ARRAY_LEN(permits));
#ifdef SANITIZED
    add_permits(filter, 1U << profile, sanitizer_permits,
                ARRAY_LEN(sanitizer_permits));
    leaks_unchecked = 1;
#endif
    must(seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                &own_process),
         "tgkill");
    /* ENOSYS makes glibc fall back to clone, whose flags a filter can see. */
    must(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0),
         "clone3");
    must(seccomp_load(filter), "load");
    seccomp_release(filter);
}
