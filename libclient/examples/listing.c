/* SPDX-License-Identifier: MIT */
/* Writes the page. Names are hostile: whoever may upload a file names it, and a
 * browser must find text in it and not markup. */
#define _GNU_SOURCE 1
#include "libclient/examples/listing.h"

#include "libclient/examples/files.h"
#include "libclient/examples/http.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void
put_text(FILE *page, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", page);
            break;
        case '<':
            fputs("&lt;", page);
            break;
        case '>':
            fputs("&gt;", page);
            break;
        default:
            putc(*text, page);
        }
    }
}

static void
put_entry(FILE *page, const char *name, const struct stat *st)
{
    const char *slash = S_ISDIR(st->st_mode) ? "/" : "";
    char link[HTTP_ENCODED_MAX];

    http_encode_path(name, link);
    fprintf(page, "<tr><td><a href=\"%s%s\">", link, slash);
    put_text(page, name);
    fprintf(page, "%s</a><td align=right>", slash);
    if (S_ISREG(st->st_mode))
        fprintf(page, "%lld", (long long)st->st_size);
    fputs("\n", page);
}

static int
is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int
put_entries(FILE *page, int dir)
{
    struct dirent **entries;
    int n = scandirat(dir, ".", &entries, is_shown, alphasort);
    struct stat st;

    if (n < 0)
        return -errno;
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;

        if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            put_entry(page, name, &st);
        free(entries[i]);
    }
    free(entries);
    return 0;
}

static int
put_page(FILE *page, int dir, const char *path)
{
    int rc;

    fputs("<!DOCTYPE html>\n<meta charset=utf-8>\n<title>/", page);
    put_text(page, path);
    fputs("</title>\n<h1>/", page);
    put_text(page, path);
    fputs("</h1>\n<table>\n", page);
    if (path[0] != '\0')
        fputs("<tr><td><a href=\"../\">../</a><td>\n", page);
    rc = put_entries(page, dir);
    fputs("</table>\n", page);
    return rc;
}

/* The page in memory, as the descriptor `fd` of a file. */
static int
fill(int fd, int dir, const char *path)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0), rc;
    FILE *page = copy < 0 ? NULL : fdopen(copy, "w");

    if (page == NULL) {
        rc = -errno;
        if (copy >= 0)
            close(copy);
        return rc;
    }
    rc = put_page(page, dir, path);
    if (fclose(page) != 0 && rc == 0)
        rc = -errno;
    return rc;
}

int
listing_open(int root, const char *path, uint64_t *size)
{
    int dir = files_open_directory(root, path), fd, rc;
    struct stat st;

    if (dir < 0)
        return dir;
    fd = memfd_create("listing", MFD_CLOEXEC);
    rc = fd < 0 ? -errno : fill(fd, dir, path);
    close(dir);
    if (rc == 0 && fstat(fd, &st) != 0)
        rc = -errno;
    if (rc == 0) {
        *size = (uint64_t)st.st_size;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return rc;
}
