/* SPDX-License-Identifier: MIT */
/* Creates, hands on and maps regions.
 *
 * A memfd is born with mode 0777, and opening /proc/self/fd/N gives a writable
 * descriptor to whoever holds a read-only one and passes the mode. So the
 * mode becomes 0400, readers get a descriptor that was opened read-only, and
 * every daemon gives up its capabilities before it meets its first packet.
 *
 * The seals against growing and shrinking are what makes a mapping safe: a
 * page that the file loses under a reader would kill the reader. The seal
 * against writing is not used, it would stop the one writer. */
#define _GNU_SOURCE /* memfd_create, seals */
#include "proto/shm/region.h"

#include "base/bits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#    define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3 */
#endif

#define SEALS_NEEDED (F_SEAL_GROW | F_SEAL_SHRINK)

static int
memory_file(uint32_t id)
{
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    char buf[24];
    const char *name = region_name(id, buf);
    int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL) /* an older kernel */
        fd = memfd_create(name, flags);
    return fd;
}

static bool
header_write(int fd, uint32_t id, size_t size, uint64_t epoch)
{
    struct region_header *h =
        mmap(NULL, sizeof *h, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (h == MAP_FAILED)
        return false;
    h->abi = SHM_ABI;
    h->id = id;
    h->size = size;
    h->epoch = epoch;
    /* Pairs with the load in header_check. */
    atomic_store_explicit(&h->magic, REGION_MAGIC, memory_order_release);
    munmap(h, sizeof *h);
    return true;
}

int
region_create(uint32_t id, size_t size, uint64_t epoch)
{
    size_t whole = bits_round_up(size, (uint64_t)sysconf(_SC_PAGESIZE));
    int fd = memory_file(id);

    if (fd < 0)
        return -1;
    if (fchmod(fd, 0400) != 0 || ftruncate(fd, (off_t)whole) != 0 ||
        !header_write(fd, id, whole, epoch) ||
        fcntl(fd, F_ADD_SEALS, SEALS_NEEDED | F_SEAL_SEAL) != 0) {
        int saved = errno;

        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

int
region_reopen_readonly(int fd)
{
    char path[32];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static bool
header_check(const struct region_header *h, uint32_t id, size_t mapped)
{
    struct region_header copy;

    /* Pairs with the store in header_write. */
    if (atomic_load_explicit(&h->magic, memory_order_acquire) != REGION_MAGIC)
        return false;
    region_copy_once(&copy, h, sizeof copy);
    return copy.abi == SHM_ABI && copy.id == id && copy.size <= mapped &&
           copy.size >= sizeof copy;
}

/* Maps the whole file, whose size can no longer change. */
static void *
map_whole(int fd, bool writable, size_t *size)
{
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);

    if (seals < 0 || fstat(fd, &st) != 0)
        return MAP_FAILED;
    *size = (size_t)st.st_size;
    if ((seals & SEALS_NEEDED) != SEALS_NEEDED ||
        *size < sizeof(struct region_header)) {
        errno = EPROTO;
        return MAP_FAILED;
    }

    int prot = writable ? PROT_READ | PROT_WRITE : PROT_READ;

    return mmap(NULL, *size, prot, MAP_SHARED, fd, 0);
}

bool
region_map(struct region *r, int fd, uint32_t id, bool writable)
{
    size_t size;
    void *base = map_whole(fd, writable, &size);

    *r = (struct region){.id = id};
    if (base == MAP_FAILED)
        return false;
    if (madvise(base, size, MADV_DONTDUMP) == 0 &&
        madvise(base, size, MADV_DONTFORK) == 0) {
        if (header_check(base, id, size)) {
            r->base = base;
            r->size = size;
            r->writable = writable;
            return true;
        }
        errno = EPROTO;
    }

    int saved = errno;

    munmap(base, size);
    errno = saved;
    return false;
}

void
region_unmap(struct region *r)
{
    if (r->base != NULL)
        munmap(r->base, r->size);
    *r = (struct region){.id = r->id};
}
