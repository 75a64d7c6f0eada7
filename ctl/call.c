/* SPDX-License-Identifier: MIT */
/* One request and its reply. */
#define _GNU_SOURCE 1
#include "ctl/call.h"

#include "base/os/fdpass.h"
#include "ctl/control.h"
#include "ctl/others.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 10000

static _Noreturn void
not_running(const struct cli *cli)
{
    bool named = strcmp(cli->instance, "default") != 0;
    const char *option = named ? " -i " : "";
    const char *name = named ? cli->instance : "";
    char others[256];

    log_line("instance '%s' is not running", cli->instance);
    if (cli->ends) {
        if (others_running(others, sizeof others, cli->rundir) > 0)
            log_hint("these are running: %s", others);
    } else if (geteuid() == 0)
        log_hint("start it with 'skink%s%s up', or apart from the host's "
                 "network with 'skink%s%s up --netns'",
                 option, name, option, name);
    else
        log_hint("start it with 'skink%s%s up --netns', or for all users with "
                 "'sudo skink%s%s up'",
                 option, name, option, name);
    exit(EXIT_NOT_RUNNING);
}

static _Noreturn void
not_permitted(const char *text)
{
    log_line("%s", text);
    log_hint("only who started it and root may do that: try with sudo");
    exit(EXIT_NOT_PERMITTED);
}

static _Noreturn void
not_reached(const struct cli *cli)
{
    char text[128];

    if (errno == EACCES || errno == EPERM) {
        snprintf(text, sizeof text, "instance '%s' is another user's",
                 cli->instance);
        not_permitted(text);
    }
    if (errno != ENOENT && errno != ECONNREFUSED)
        die(EXIT_FAILED, "cannot reach instance '%s': %s", cli->instance,
            strerror(errno));
    not_running(cli);
}

static int
reach(const struct cli *cli)
{
    struct sockaddr_un address;
    int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (sock < 0 || !rundir_socket(&address, cli->rundir, "control") ||
        connect(sock, (const struct sockaddr *)&address, sizeof address) < 0)
        not_reached(cli);
    return sock;
}

static void
ask(int sock, const Skink__Control__Request *request)
{
    uint8_t buf[CONTROL_MESSAGE];
    size_t len = skink__control__request__get_packed_size(request);

    if (len > sizeof buf)
        die(EXIT_USAGE, "that is too long for a request");
    skink__control__request__pack(request, buf);
    if (!fdpass_send(sock, buf, len, NULL, 0))
        die(EXIT_FAILED, "cannot ask the supervisor: %s", strerror(errno));
}

static ssize_t
wait_reply(int sock, uint8_t buf[CONTROL_MESSAGE], int *fds, size_t *n)
{
    struct pollfd pollfd = {.fd = sock, .events = POLLIN};
    int ready = poll(&pollfd, 1, PATIENCE_MS);

    if (ready == 0)
        die(EXIT_TIMED_OUT, "the supervisor does not answer within 10 s");
    return fdpass_receive(sock, buf, CONTROL_MESSAGE, fds, n, 0);
}

Skink__Control__Reply *
call(const struct cli *cli, const Skink__Control__Request *request, int *fds,
     size_t *n)
{
    Skink__Control__Reply *reply;
    uint8_t buf[CONTROL_MESSAGE];
    int sock = reach(cli);
    ssize_t len;

    ask(sock, request);
    len = wait_reply(sock, buf, fds, n);
    if (len == 0 || (len < 0 && errno == ECONNRESET)) {
        close(sock);
        return NULL;
    }
    reply =
        len < 0 ? NULL : skink__control__reply__unpack(NULL, (size_t)len, buf);
    if (reply == NULL)
        die(EXIT_FAILED, "the supervisor's answer makes no sense");
    if (reply->error == EXIT_NOT_PERMITTED)
        not_permitted(reply->text);
    if (reply->error != 0) {
        log_line("%s", reply->text);
        if (reply->hint[0] != '\0')
            log_hint("%s", reply->hint);
        exit((int)reply->error);
    }
    close(sock);
    return reply;
}
