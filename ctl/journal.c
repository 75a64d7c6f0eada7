/* SPDX-License-Identifier: MIT */
/* Everybody's stderr is one pipe into the supervisor, which dates what comes out:
 * so also an assertion's or a sanitizer's words have their time, and no daemon
 * needs to know of the log. The pipe never blocks who writes; a daemon that
 * says more than 64 KiB between two turns of the supervisor loses the rest. Each
 * line of log.h is one write, so two speakers do not mix. */
#define _GNU_SOURCE 1
#include "ctl/journal.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* ISO 8601 in UTC, with a space after it. */
static void
stamp_now(char out[JOURNAL_STAMP])
{
    struct timespec now;
    struct tm tm;
    size_t len;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    len = strftime(out, JOURNAL_STAMP, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + len, JOURNAL_STAMP - len, ".%03uZ ",
             (unsigned)(now.tv_nsec / 1000000) % 1000);
}

void
journal_write(struct journal *j, const char *text, size_t len,
              const char *stamp)
{
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t n = end == NULL ? len : (size_t)(end - text) + 1;
        char line[JOURNAL_STAMP + PIPE_BUF];
        int head = snprintf(line, JOURNAL_STAMP, "%s",
                            j->dated && !j->mid_line ? stamp : "");

        if (n > PIPE_BUF)
            n = PIPE_BUF;
        memcpy(line + head, text, n);
        (void)!write(j->file, line, (size_t)head + n); /* a full disk */
        j->mid_line = text[n - 1] != '\n';
        text += n;
        len -= n;
    }
}

void
journal_drain(struct journal *j)
{
    char buf[PIPE_BUF], stamp[JOURNAL_STAMP];
    ssize_t n;

    if (j->pipe.fd < 0)
        return;
    stamp_now(stamp);
    while ((n = read(j->pipe.fd, buf, sizeof buf)) > 0)
        journal_write(j, buf, (size_t)n, stamp);
}

static void
pipe_event(void *owner, uint32_t events)
{
    (void)events;
    journal_drain(owner);
}

bool
journal_open(struct journal *j, struct loop *loop, int file)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
        return false;
    *j = (struct journal){
        .pipe = {.fd = ends[0], .ready = pipe_event, .owner = j},
        .file = file,
    };
    if (loop_add(loop, &j->pipe, EPOLLIN) &&
        dup2(ends[1], STDERR_FILENO) == STDERR_FILENO) {
        close(ends[1]);
        return true;
    }
    close(ends[1]);
    close(ends[0]);
    j->pipe.fd = -1;
    return false;
}

void
journal_date(struct journal *j)
{
    j->dated = true;
}
