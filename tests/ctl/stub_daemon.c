/* SPDX-License-Identifier: MIT */
/* The stub: boot, handover, readiness and heartbeat as in a real daemon. */
#include "tests/ctl/stub_daemon.h"

#include "base/os/boot.h"
#include "base/os/clock.h"
#include "base/os/fdpass.h"
#include "base/os/log.h"
#include "proto/shm/cnc.h"
#include "proto/shm/doorbell.h"
#include "proto/shm/handover.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct tables tables;
static struct cnc cnc;
static int clients[CLIENTS_MAX]; /* connection + 1; 0: none */
static uint32_t client_count;

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

/* DAEMONS: none of that name. */
static uint32_t
daemon_of(const char *argv0)
{
    uint32_t id = 0;

    while (id < DAEMONS && strcmp(daemon_name(id), base_name(argv0)) != 0)
        id++;
    return id;
}

bool
stub_daemon_named(const char *argv0)
{
    return daemon_of(argv0) < DAEMONS;
}

/* Read once, before anybody can know that this process is ready and change it
 * for the next. */
static char order[16];

static void
read_order(const char *name)
{
    const char *dir = getenv("SKINK_STUBS");
    char path[512];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir == NULL ? "." : dir, name);
    f = fopen(path, "re");
    if (f == NULL)
        return;
    if (fgets(order, sizeof order, f) == NULL)
        order[0] = '\0';
    fclose(f);
}

static bool
ordered(const char *what)
{
    return strcmp(order, what) == 0;
}

static bool
adopt(void *t, const void *msg, size_t len, int fd)
{
    struct handover h;

    if (len != sizeof h || fd < 0)
        return false;
    memcpy(&h, msg, sizeof h);
    if (h.kind < HANDOVER_CLIENT_TX)
        return handover_adopt(t, msg, len, fd);
    if (h.kind != HANDOVER_CLIENT) {
        close(fd);
        return true;
    }
    clients[h.id % CLIENTS_MAX] = fd + 1;
    client_count++;
    return true;
}

static void
hear_supervisor(void)
{
    struct handover h;
    int fd = -1;
    size_t n = 1;
    ssize_t len = fdpass_receive(BOOT_SOCKET, &h, sizeof h, &fd, &n, 0);

    if (len <= 0)
        exit(EXIT_OK);
    if (!adopt(&tables, &h, (size_t)len, n == 1 ? fd : -1))
        die(EXIT_FAILED, "refused a message");
}

static void
hear_client(uint32_t id)
{
    struct handover gone = {.kind = HANDOVER_CLIENT_GONE, .id = id};
    char byte;

    if (recv(clients[id] - 1, &byte, 1, MSG_DONTWAIT) != 0)
        return;
    close(clients[id] - 1);
    clients[id] = 0;
    client_count--;
    if (!fdpass_send(BOOT_SOCKET, &gone, sizeof gone, NULL, 0))
        die(EXIT_FAILED, "cannot give a client back");
}

static void
silence(struct pollfd bell)
{
    uint64_t rings;

    if (bell.revents != 0 && read(bell.fd, &rings, sizeof rings) < 0)
        die(EXIT_FAILED, "a bell that cannot be heard");
}

static void
turn(int stop)
{
    struct pollfd fds[2 + CLIENTS_MAX + DAEMONS] = {
        {.fd = stop, .events = POLLIN},
        {.fd = BOOT_SOCKET, .events = POLLIN},
    };

    for (size_t i = 0; i < CLIENTS_MAX; i++)
        fds[2 + i] = (struct pollfd){.fd = clients[i] - 1, .events = POLLIN};
    for (size_t i = 0; i < DAEMONS; i++)
        fds[2 + CLIENTS_MAX + i] =
            (struct pollfd){.fd = tables.bell_in[i], .events = POLLIN};
    doorbell_doze(&cnc, INSTANT_NEVER);
    poll(fds, 2 + CLIENTS_MAX + DAEMONS, -1);
    doorbell_wake(&cnc);
    if (fds[0].revents != 0)
        exit(EXIT_OK);
    if (fds[1].revents != 0)
        hear_supervisor();
    for (size_t i = 0; i < DAEMONS; i++)
        silence(fds[2 + CLIENTS_MAX + i]);
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        if (fds[2 + i].revents != 0 && clients[i] != 0)
            hear_client(i);
    }
    if (tables.regions[REGION_TCPD_CNC].writable)
        cnc_set(&cnc, COUNTER_TCP_CURR_ESTAB, client_count);
    cnc_heartbeat(&cnc);
}

static _Noreturn void
stand_still(void)
{
    for (;;)
        pause();
}

static void
misbehave_when_ready(void)
{
    if (ordered("crash"))
        abort();
    if (ordered("doze"))
        doorbell_doze(&cnc, clock_now());
    if (ordered("hang") || ordered("doze"))
        stand_still();
}

int
stub_daemon_main(int argc, char **argv)
{
    uint32_t id = daemon_of(argv[0]);
    const char *name = daemon_name(id);
    int stop;

    read_order(name);
    tables_init(&tables);
    stop = boot(name, argc, argv, adopt, &tables);
    if (ordered("die"))
        die(EXIT_FAILED, "was told to die");
    if (ordered("slow"))
        stand_still();
    cnc_start(&cnc, &tables.regions[REGION_CNC(id)], (uint32_t)getpid(),
              clock_now());
    if (id == DAEMON_TCPD)
        cnc_set(&cnc, COUNTER_TCP_CURR_ESTAB, client_count);
    if (ordered("work"))
        cnc_working_on(&cnc, CNC_WORK_SLOT, STUB_WORK & 0xff);
    cnc_set_state(&cnc, CNC_RUNNING);
    boot_ready();
    misbehave_when_ready();
    for (;;)
        turn(stop);
}
