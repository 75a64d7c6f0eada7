/* SPDX-License-Identifier: MIT */
/* tcpd: TCP, and its clients' bytes. Boot, the loop, and sleeping. */
#include "tcpd/turn.h"

#include "base/bits.h"
#include "base/os/boot.h"
#include "base/os/clock.h"
#include "base/os/fdpass.h"
#include "base/os/log.h"
#include "base/os/sandbox.h"
#include "base/os/stop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* What an epoll event is about: a client's number, or one of these. */
enum wake {
    WAKE_STOP = CLIENTS_MAX,
    WAKE_SUPERVISOR,
    WAKE_BELL /* + the eventfd */
};

/* Under full load descriptors are looked at this often, in turns. */
#define TURNS_BETWEEN_LOOKS 128

/* Clients that a predecessor left are handed over before the core exists. */
struct early {
    struct handover message;
    int fd;
};

static struct tcpd tcpd;
static struct early early[3 * CLIENTS_MAX];
static uint32_t early_count;

static bool
adopt(void *tables, const void *msg, size_t len, int fd)
{
    struct handover h;

    if (len != sizeof h)
        return false;
    memcpy(&h, msg, sizeof h);
    if (h.kind < HANDOVER_CLIENT_TX)
        return handover_adopt(tables, msg, len, fd);
    if (early_count == ARRAY_LEN(early))
        return false;
    early[early_count++] = (struct early){.message = h, .fd = fd};
    return true;
}

static void
watch(int fd, uint32_t tag)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.u32 = tag};

    if (fd >= 0 && epoll_ctl(tcpd.epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
        die(EXIT_FAILED, "epoll: %s", strerror(errno));
}

static void
start(int argc, char **argv)
{
    tables_init(&tcpd.tables);
    tcpd.stop = boot("tcpd", argc, argv, adopt, &tcpd.tables);
    if (cnc_of(&tcpd.tables.regions[REGION_TCPD_CNC]) == NULL)
        die(EXIT_FAILED, "tcpd.cnc is missing");
    cnc_start(&tcpd.cnc, &tcpd.tables.regions[REGION_TCPD_CNC],
              (uint32_t)getpid(), clock_now());
    sandbox_drop_privileges();
    tcpd_start(&tcpd);
    watch(tcpd.stop, WAKE_STOP);
    watch(BOOT_SOCKET, WAKE_SUPERVISOR);
    for (uint32_t i = 0; i < DAEMONS; i++)
        watch(tcpd.tables.bell_in[i],
              WAKE_BELL + (uint32_t)tcpd.tables.bell_in[i]);
    for (uint32_t i = 0; i < early_count; i++)
        if (!clients_adopt(&tcpd.clients, &early[i].message, early[i].fd))
            log_line("client %u was handed over broken", early[i].message.id);
    tcpd_resume(&tcpd, clock_now());
    sandbox_enter(SANDBOX_STREAMS);
    cnc_set_state(&tcpd.cnc, CNC_RUNNING);
    boot_ready();
    doorbell_ring(&tcpd.ipd);
    doorbell_ring(&tcpd.apid);
}

/* A client that has just attached; or the end of the supervisor, and then ours. */
static void
hear_supervisor(void)
{
    struct handover h;
    int fd = -1;
    size_t n = 1;
    ssize_t len =
        fdpass_receive(BOOT_SOCKET, &h, sizeof h, &fd, &n, MSG_DONTWAIT);

    if (len == 0)
        exit(EXIT_OK);
    if (len < 0)
        return;
    if (n == 0)
        fd = -1;
    if (len != sizeof h || !clients_adopt(&tcpd.clients, &h, fd))
        log_line("a message of the supervisor is not understood");
}

/* Hears what descriptors have to say, waiting at most `timeout` ms for it. */
static void
hear(int timeout)
{
    struct epoll_event events[64];
    int n = epoll_wait(tcpd.epoll, events, ARRAY_LEN(events), timeout);

    for (int i = 0; i < n; i++) {
        uint32_t tag = events[i].data.u32;

        if (tag < CLIENTS_MAX)
            clients_connection(&tcpd.clients, tag);
        else if (tag == WAKE_SUPERVISOR)
            hear_supervisor();
        else if (tag >= WAKE_BELL)
            doorbell_drain((int)(tag - WAKE_BELL));
        else if (stop_asked(tcpd.stop)) {
            cnc_set_state(&tcpd.cnc, CNC_STOPPED);
            exit(EXIT_OK);
        }
    }
}

static void
sleep_until_work(instant_t now)
{
    instant_t until = tcpd_next_deadline(&tcpd);

    doorbell_doze(&tcpd.cnc, until);
    if (!tcpd_waiting(&tcpd))
        hear(clock_timeout_ms(until, now));
    doorbell_wake(&tcpd.cnc);
}

int
main(int argc, char **argv)
{
    start(argc, argv);
    for (uint32_t turns = 1;; turns++) {
        instant_t now = clock_now();

        if (turns % TURNS_BETWEEN_LOOKS == 0)
            hear(0);
        if (tcpd_turn(&tcpd, now) == 0)
            sleep_until_work(now);
    }
}
