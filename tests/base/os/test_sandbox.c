/* SPDX-License-Identifier: MIT */
/* The cell, from inside: a child per profile enters it and tries the bars. */
#define _GNU_SOURCE 1
#include "base/os/sandbox.h"

#include "base/os/clock.h"
#include "base/os/log.h"
#include "tests/base/os/cell.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define FCHMODAT2 452 /* Linux 6.6; glibc 2.36 has no name for it */

/* Refused by the list, and by nothing else. */
static bool
refused(long result)
{
    return result == -1 && errno == EPERM;
}

static bool
open_refused(const struct cell *c)
{
    (void)c;
    return refused(open("/dev/null", O_RDONLY)) &&
           refused(open("/proc/self/maps", O_RDONLY)) &&
           refused(creat("/tmp/skink-sandbox-test", 0600));
}

static void
files_cannot_be_opened(void **state)
{
    (void)state;
    enter_each(open_refused, 0);
}

static bool
reopen_refused(const struct cell *c)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/self/fd/%d", c->readable);
    return refused(open(path, O_RDWR)) && refused(open(path, O_WRONLY)) &&
           write(c->readable, "x", 1) < 0;
}

static void
read_only_descriptor_cannot_be_reopened_for_writing(void **state)
{
    (void)state;
    enter_each(reopen_refused, 0);
}

static bool
mapping_stays_read_only(const struct cell *c)
{
    return mprotect(c->mapped, REGION, PROT_READ | PROT_WRITE) < 0 &&
           mmap(NULL, REGION, PROT_READ | PROT_WRITE, MAP_SHARED, c->readable,
                0) == MAP_FAILED;
}

static void
read_only_region_cannot_become_writable(void **state)
{
    (void)state;
    enter_each(mapping_stays_read_only, 0);
}

static bool
execution_refused(const struct cell *c)
{
    void *p =
        mmap(NULL, REGION, PROT_READ | PROT_EXEC, MAP_SHARED, c->readable, 0);

    return p == MAP_FAILED && errno == EPERM &&
           refused(mprotect(c->memory, REGION, PROT_READ | PROT_EXEC)) &&
           refused(mprotect(c->mapped, REGION, PROT_EXEC));
}

static void
memory_cannot_become_executable(void **state)
{
    (void)state;
    enter_each(execution_refused, 0);
}

static bool
chmod_refused(const struct cell *c)
{
    return refused(fchmod(c->writable, 0777)) &&
           refused(fchmod(c->readable, 0777)) &&
           refused(chmod("/proc/self/fd/0", 0777)) &&
           refused(fchmodat(AT_FDCWD, "/proc/self/fd/0", 0777, 0)) &&
           refused(syscall(FCHMODAT2, c->readable, "", 0777, AT_EMPTY_PATH));
}

static void
modes_cannot_be_changed(void **state)
{
    (void)state;
    enter_each(chmod_refused, 0);
}

static bool
ptrace_refused(const struct cell *c)
{
    return refused(ptrace(PTRACE_SEIZE, c->parent, NULL, NULL)) &&
           refused(ptrace(PTRACE_ATTACH, c->parent, NULL, NULL));
}

static void
parent_cannot_be_traced(void **state)
{
    (void)state;
    enter_each(ptrace_refused, 0);
}

static bool
foreign_memory_refused(const struct cell *c)
{
    static char target; /* at the same address in the parent */
    char byte = 0;
    struct iovec here = {&byte, 1}, there = {&target, 1};

    return refused(process_vm_writev(c->parent, &here, 1, &there, 1, 0)) &&
           refused(process_vm_readv(c->parent, &here, 1, &there, 1, 0));
}

static void
memory_of_others_cannot_be_reached(void **state)
{
    (void)state;
    enter_each(foreign_memory_refused, 0);
}

static bool
pidfd_getfd_refused(const struct cell *c)
{
    return refused(pidfd_getfd(c->parent_pidfd, 0, 0));
}

static void
descriptors_of_others_cannot_be_fetched(void **state)
{
    (void)state;
    enter_each(pidfd_getfd_refused, 0);
}

static bool
programs_refused(const struct cell *c)
{
    (void)c;
    return refused(execl("/bin/true", "true", (char *)NULL)) &&
           refused(syscall(SYS_fork)) && refused(syscall(SYS_vfork)) &&
           refused(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL)) &&
           syscall(SYS_clone3, NULL, 0) == -1 && errno == ENOSYS;
}

static void
no_program_and_no_process_can_be_started(void **state)
{
    (void)state;
    enter_each(programs_refused, 0);
}

static bool
sockets_refused(const struct cell *c)
{
    (void)c;
    return refused(socket(AF_INET, SOCK_STREAM, 0)) &&
           refused(socket(AF_UNIX, SOCK_STREAM, 0));
}

static void
sockets_cannot_be_made(void **state)
{
    (void)state;
    enter_each(sockets_refused, 0);
}

static bool
signals_refused(const struct cell *c)
{
    return refused(kill(c->parent, 0)) &&
           refused(syscall(SYS_tgkill, c->parent, c->parent, 0));
}

static void
other_processes_cannot_be_signalled(void **state)
{
    (void)state;
    enter_each(signals_refused, 0);
}

static bool
work_goes_on(const struct cell *c)
{
    struct epoll_event event;
    instant_t before = clock_now();
    char byte = 'b';
    struct iovec iov = {&byte, 1};

    return epoll_wait(c->epoll, &event, 1, 0) == 0 &&
           write(c->ends[1], "a", 1) == 1 && writev(c->ends[1], &iov, 1) == 1 &&
           epoll_wait(c->epoll, &event, 1, -1) == 1 &&
           read(c->ends[0], &byte, 1) == 1 && byte == 'a' &&
           readv(c->ends[0], &iov, 1) == 1 && byte == 'b' &&
           sched_yield() == 0 && close(c->ends[0]) == 0 &&
           !instant_before(clock_now(), before) &&
           syscall(SYS_clock_gettime, CLOCK_MONOTONIC, c->memory) == 0;
}

static void
reading_writing_waiting_and_the_clock_work(void **state)
{
    (void)state;
    enter_each(work_goes_on, 0);
}

static bool
heap_grows(const struct cell *c)
{
    (void)c;
    for (size_t size = 64; size <= (size_t)4 << 20; size *= 4) {
        char *volatile block = malloc(size);

        if (block == NULL)
            return false;
        memset(block, 1, size);
        free(block);
    }
    return true;
}

static void
malloc_works(void **state)
{
    (void)state;
    enter_each(heap_grows, 0);
}

static bool
abort_now(const struct cell *c)
{
    (void)c;
    abort();
}

static void
abort_ends_by_sigabrt(void **state)
{
    (void)state;
    enter_each(abort_now, 128 + SIGABRT);
}

static bool
die_now(const struct cell *c)
{
    die(EXIT_TIMED_OUT, "%s", profile_names[c->profile]);
}

static void
die_still_speaks_and_exits_with_its_status(void **state)
{
    (void)state;
    enter_each(die_now, EXIT_TIMED_OUT);
}

static bool
seals_and_size_are_readable(const struct cell *c)
{
    struct stat st;
    void *p;

    if (fcntl(c->readable, F_GET_SEALS) < 0 || fstat(c->readable, &st) < 0 ||
        st.st_size != REGION)
        return false;
    p = mmap(NULL, REGION, PROT_READ, MAP_SHARED, c->readable, 0);
    return p != MAP_FAILED && munmap(p, REGION) == 0 &&
           refused(fcntl(c->writable, F_ADD_SEALS, F_SEAL_GROW)) &&
           refused(fcntl(c->writable, F_SETFL, O_APPEND)) &&
           refused(fcntl(c->writable, F_DUPFD, 0));
}

static void
streams_checks_and_maps_received_regions(void **state)
{
    (void)state;
    enter(SANDBOX_STREAMS, seals_and_size_are_readable, 0);
}

static int datagrams; /* an unconnected socket */

static int
try_connect(void)
{
    const struct sockaddr_un nobody = {.sun_family = AF_UNIX,
                                       .sun_path = "/proc/self/nobody"};

    return connect(datagrams, (const struct sockaddr *)&nobody, sizeof nobody);
}

static bool
connect_tries(const struct cell *c)
{
    (void)c;
    return try_connect() < 0 && errno == ENOENT &&
           refused(socket(AF_UNIX, SOCK_DGRAM, 0));
}

static bool
connect_refused(const struct cell *c)
{
    (void)c;
    return refused(try_connect());
}

static void
only_a_pair_looks_for_its_other_end(void **state)
{
    (void)state;
    datagrams = socket(AF_UNIX, SOCK_DGRAM, 0);
    enter(SANDBOX_PAIR, connect_tries, 0);
    enter(SANDBOX_PUMP, connect_refused, 0);
    enter(SANDBOX_STREAMS, connect_refused, 0);
    close(datagrams);
}

static void *
thread_body(void *arg)
{
    *(int *)arg = 1;
    return NULL;
}

static bool
thread_starts(const struct cell *c)
{
    pthread_t thread;
    int ran = 0;

    (void)c;
    return pthread_create(&thread, NULL, thread_body, &ran) == 0 &&
           pthread_join(thread, NULL) == 0 && ran == 1;
}

static void
desk_starts_threads(void **state)
{
    (void)state;
    enter(SANDBOX_DESK, thread_starts, 0);
}

/* Waits for a byte, then tries a bar. */
static void *
open_when_told(void *arg)
{
    const int *ends = arg;
    char byte;
    bool good =
        read(ends[0], &byte, 1) == 1 && refused(open("/dev/null", O_RDONLY));

    return good ? arg : NULL;
}

static void
enter_with_thread(void *arg)
{
    void *result = NULL;
    pthread_t thread;
    int ends[2];

    (void)arg;
    die_unless(pipe(ends) == 0, "pipe");
    die_unless(pthread_create(&thread, NULL, open_when_told, ends) == 0,
               "thread");
    sandbox_drop_privileges();
    sandbox_enter(SANDBOX_DESK);
    if (write(ends[1], "x", 1) != 1 || pthread_join(thread, &result) != 0)
        _exit(2);
    _exit(result != NULL ? 0 : 1);
}

static void
threads_started_before_are_locked_in_too(void **state)
{
    struct child_end end;

    (void)state;
    child_run(&end, enter_with_thread, NULL);
    assert_int_equal(end.status, 0);
}

static bool
bounding_set_is_empty(void)
{
    for (unsigned long cap = 0; cap < 64; cap++) {
        if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
            return false;
    }
    return true;
}

static void
drop_and_look(void *arg)
{
    struct __user_cap_header_struct header = {
        .version = _LINUX_CAPABILITY_VERSION_3,
    };
    struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];
    bool may_bound;

    (void)arg;
    die_unless(syscall(SYS_capget, &header, caps) == 0, "capabilities");
    may_bound = (caps[0].effective & 1U << CAP_SETPCAP) != 0;
    sandbox_drop_privileges();
    if (syscall(SYS_capget, &header, caps) < 0)
        _exit(1);
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        if ((caps[i].effective | caps[i].permitted | caps[i].inheritable) != 0)
            _exit(2);
    }
    if (may_bound && !bounding_set_is_empty())
        _exit(3);
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        _exit(4);
    _exit(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 5);
}

static void
dropping_leaves_no_capability_and_no_way_back(void **state)
{
    struct child_end end;

    (void)state;
    child_run(&end, drop_and_look, NULL);
    assert_int_equal(end.status, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropping_leaves_no_capability_and_no_way_back),
        cmocka_unit_test(files_cannot_be_opened),
        cmocka_unit_test(read_only_descriptor_cannot_be_reopened_for_writing),
        cmocka_unit_test(read_only_region_cannot_become_writable),
        cmocka_unit_test(memory_cannot_become_executable),
        cmocka_unit_test(modes_cannot_be_changed),
        cmocka_unit_test(parent_cannot_be_traced),
        cmocka_unit_test(memory_of_others_cannot_be_reached),
        cmocka_unit_test(descriptors_of_others_cannot_be_fetched),
        cmocka_unit_test(no_program_and_no_process_can_be_started),
        cmocka_unit_test(sockets_cannot_be_made),
        cmocka_unit_test(other_processes_cannot_be_signalled),
        cmocka_unit_test(reading_writing_waiting_and_the_clock_work),
        cmocka_unit_test(malloc_works),
        cmocka_unit_test(abort_ends_by_sigabrt),
        cmocka_unit_test(die_still_speaks_and_exits_with_its_status),
        cmocka_unit_test(streams_checks_and_maps_received_regions),
        cmocka_unit_test(only_a_pair_looks_for_its_other_end),
        cmocka_unit_test(desk_starts_threads),
        cmocka_unit_test(threads_started_before_are_locked_in_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
