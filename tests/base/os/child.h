/* SPDX-License-Identifier: MIT */
/* Runs code that exits, in a child, and tells what it said and how it ended. */
#ifndef TESTS_BASE_OS_CHILD_H
#define TESTS_BASE_OS_CHILD_H

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_RETURNED 99 /* the body returned instead of exiting */

struct child_end {
    int status;     /* exit status, or 128 + signal */
    char out[8192]; /* stdout, at most 8 KiB */
    char err[8192]; /* stderr, likewise */
};

static inline void
child_collect(int fd, char *text, size_t size)
{
    size_t len = 0;
    ssize_t n;

    while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    close(fd);
}

static inline void
child_run(struct child_end *end, void (*body)(void *), void *arg)
{
    const struct rlimit no_core = {0, 0};
    int out[2], err[2], status;
    pid_t pid;

    if (pipe(out) < 0 || pipe(err) < 0)
        _exit(1);
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        close(out[0]);
        close(out[1]);
        close(err[0]);
        close(err[1]);
        body(arg);
        fflush(NULL);
        _exit(CHILD_RETURNED);
    }
    close(out[1]);
    close(err[1]);
    child_collect(out[0], end->out, sizeof end->out);
    child_collect(err[0], end->err, sizeof end->err);
    waitpid(pid, &status, 0);
    end->status =
        WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

#endif
