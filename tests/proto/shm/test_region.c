/* SPDX-License-Identifier: MIT */
/* Tests of creating, handing on and mapping regions. */
#define _GNU_SOURCE /* memfd_create, seals, setresuid */
#include "tests/proto/shm/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define SIZE 10000

static int
created(void)
{
    int fd = region_create(REGION_LINK_RX, SIZE, TEST_EPOCH);

    assert_true(fd >= 0);
    return fd;
}

static void
created_region_is_whole_pages_with_a_header(void **state)
{
    int fd = created();
    struct region r;

    (void)state;
    assert_true(region_map(&r, fd, REGION_LINK_RX, false));

    const struct region_header *h = (const void *)r.base;

    assert_int_equal(r.size % (size_t)sysconf(_SC_PAGESIZE), 0);
    assert_true(r.size >= SIZE);
    assert_int_equal(h->size, r.size);
    assert_int_equal(h->epoch, TEST_EPOCH);
    assert_int_equal(h->id, REGION_LINK_RX);
    region_unmap(&r);
    assert_null(r.base);
    close(fd);
}

static void
sealed_region_neither_grows_nor_shrinks_nor_unseals(void **state)
{
    int fd = created();

    (void)state;
    assert_int_equal(ftruncate(fd, 1 << 20), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(ftruncate(fd, 0), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
    close(fd);
}

static void
descriptors_do_not_survive_exec(void **state)
{
    int fd = created();
    int ro = region_reopen_readonly(fd);

    (void)state;
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(ro, F_GETFD) & FD_CLOEXEC);
    close(ro);
    close(fd);
}

static void
only_the_owner_may_open_it_and_only_to_read(void **state)
{
    int fd = created();
    struct stat st;

    (void)state;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0400);
    close(fd);
}

static void
readonly_descriptor_maps_only_readonly(void **state)
{
    int fd = created();
    int ro = region_reopen_readonly(fd);
    struct region r;

    (void)state;
    assert_true(ro >= 0);
    assert_false(region_map(&r, ro, REGION_LINK_RX, true));
    assert_int_equal(errno, EACCES);
    assert_null(r.base);

    assert_true(region_map(&r, ro, REGION_LINK_RX, false));
    assert_int_equal(mprotect(r.base, r.size, PROT_READ | PROT_WRITE), -1);
    assert_int_equal(errno, EACCES);
    assert_int_equal(write(ro, "x", 1), -1);
    assert_int_equal(errno, EBADF);
    region_unmap(&r);
    close(ro);
    close(fd);
}

static bool
drop_capabilities(void)
{
    struct __user_cap_header_struct head = {.version =
                                                _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}, {0}};

    return syscall(SYS_capset, &head, none) == 0;
}

/* The child has given up root and with it the capabilities: what it inherits is
 * all it has. In a user namespace there may be nobody else to become: then it
 * stays the owner, who may change the mode, which is a sandbox's matter. */
static int
powerless_child(int ro)
{
    char path[32];
    bool owner = geteuid() != 0 || setresuid(65534, 65534, 65534) != 0;

    if (owner && !drop_capabilities())
        return 2;
    snprintf(path, sizeof path, "/proc/self/fd/%d", ro);
    if (open(path, O_RDWR) >= 0)
        return 3;
    if (!owner && fchmod(ro, 0600) == 0)
        return 4;
    return mmap(NULL, SIZE, PROT_WRITE, MAP_SHARED, ro, 0) == MAP_FAILED ? 0
                                                                         : 5;
}

static void
reopening_does_not_make_a_readonly_descriptor_writable(void **state)
{
    int fd = created();
    int ro = region_reopen_readonly(fd);
    int status;
    pid_t child = fork();

    (void)state;
    assert_true(child >= 0);
    if (child == 0)
        _exit(powerless_child(ro));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(ro);
    close(fd);
}

static void
writer_and_reader_see_the_same_bytes(void **state)
{
    int fd = created();
    int ro = region_reopen_readonly(fd);
    struct region w, r;

    (void)state;
    assert_true(region_map(&w, fd, REGION_LINK_RX, true));
    assert_true(region_map(&r, ro, REGION_LINK_RX, false));
    memcpy(region_at(&w, 4096, 5), "bytes", 5);
    assert_memory_equal(region_at(&r, 4096, 5), "bytes", 5);
    region_unmap(&w);
    region_unmap(&r);
    close(ro);
    close(fd);
}

/* A file as a region is, but for what `spoil` does to its header before and for
 * the seals. */
static int
forged(int seals, void (*spoil)(struct region_header *))
{
    int fd = memfd_create("forged", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct region_header *h;

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 4096), 0);
    h = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(h != MAP_FAILED);
    h->magic = REGION_MAGIC;
    h->abi = SHM_ABI;
    h->id = REGION_LINK_RX;
    h->size = 4096;
    if (spoil != NULL)
        spoil(h);
    munmap(h, 4096);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static void
no_magic(struct region_header *h)
{
    h->magic = 0;
}

static void
foreign_abi(struct region_header *h)
{
    h->abi++;
}

static void
other_id(struct region_header *h)
{
    h->id++;
}

static void
too_large(struct region_header *h)
{
    h->size++;
}

static void
too_small(struct region_header *h)
{
    h->size = 1;
}

#define BOTH (F_SEAL_GROW | F_SEAL_SHRINK)

static void
refused(int fd)
{
    struct region r;

    assert_false(region_map(&r, fd, REGION_LINK_RX, true));
    assert_int_equal(errno, EPROTO);
    assert_null(r.base);
    close(fd);
}

static void
bad_headers_are_refused(void **state)
{
    struct region r;
    int good = forged(BOTH, NULL);

    (void)state;
    assert_true(region_map(&r, good, REGION_LINK_RX, true));
    region_unmap(&r);
    close(good);
    refused(forged(BOTH, no_magic));
    refused(forged(BOTH, foreign_abi));
    refused(forged(BOTH, other_id));
    refused(forged(BOTH, too_large));
    refused(forged(BOTH, too_small));
}

static void
files_that_can_shrink_or_grow_are_refused(void **state)
{
    (void)state;
    refused(forged(0, NULL));
    refused(forged(F_SEAL_GROW, NULL));
    refused(forged(F_SEAL_SHRINK, NULL));
}

static void
what_is_no_region_at_all_is_refused(void **state)
{
    struct region r;
    int ends[2];
    int empty = memfd_create("empty", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    (void)state;
    assert_int_equal(fcntl(empty, F_ADD_SEALS, BOTH), 0);
    refused(empty);
    assert_int_equal(pipe(ends), 0);
    assert_false(region_map(&r, ends[0], REGION_LINK_RX, false));
    assert_false(region_map(&r, -1, REGION_LINK_RX, false));
    close(ends[0]);
    close(ends[1]);
}

static void
region_at_gives_nothing_outside_nor_in_the_header(void **state)
{
    struct region r = region_new(REGION_LINK_RX, 4096);

    (void)state;
    assert_ptr_equal(region_at(&r, SHM_LINE, 1), r.base + SHM_LINE);
    assert_non_null(region_at(&r, 4095, 1));
    assert_non_null(region_at(&r, 4096, 0));
    assert_null(region_at(&r, 0, 1));
    assert_null(region_at(&r, SHM_LINE - 1, 1));
    assert_null(region_at(&r, 4095, 2));
    assert_null(region_at(&r, 4097, 0));
    assert_null(region_at(&r, UINT64_MAX, 2));
    assert_null(region_at(&r, 256, UINT64_MAX));
    region_unmap(&r);
    assert_null(region_at(&r, 256, 1));
}

/* The whole line of /proc/self/smaps that lists the flags of the mapping. */
static bool
mapping_has_flag(const void *base, const char *flag)
{
    char line[512], start[40];
    bool inside = false, found = false;
    FILE *f = fopen("/proc/self/smaps", "re");

    assert_non_null(f);
    snprintf(start, sizeof start, "%lx-", (unsigned long)(uintptr_t)base);
    while (!found && fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, start, strlen(start)) == 0)
            inside = true;
        if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            found = strstr(line, flag) != NULL;
            break;
        }
    }
    fclose(f);
    return found;
}

static void
mappings_stay_out_of_core_dumps_and_children(void **state)
{
    struct region r = region_new(REGION_LINK_RX, 4096);

    (void)state;
    assert_true(mapping_has_flag(r.base, " dd"));
    assert_true(mapping_has_flag(r.base, " dc"));
    region_unmap(&r);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(created_region_is_whole_pages_with_a_header),
        cmocka_unit_test(sealed_region_neither_grows_nor_shrinks_nor_unseals),
        cmocka_unit_test(descriptors_do_not_survive_exec),
        cmocka_unit_test(only_the_owner_may_open_it_and_only_to_read),
        cmocka_unit_test(readonly_descriptor_maps_only_readonly),
        cmocka_unit_test(
            reopening_does_not_make_a_readonly_descriptor_writable),
        cmocka_unit_test(writer_and_reader_see_the_same_bytes),
        cmocka_unit_test(bad_headers_are_refused),
        cmocka_unit_test(files_that_can_shrink_or_grow_are_refused),
        cmocka_unit_test(what_is_no_region_at_all_is_refused),
        cmocka_unit_test(region_at_gives_nothing_outside_nor_in_the_header),
        cmocka_unit_test(mappings_stay_out_of_core_dumps_and_children),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
