/* SPDX-License-Identifier: MIT */
/* skink top: what an instance is doing just now, once a second, until 'q'.
 *
 * Without a terminal (or with -j) it prints one look after a second's worth of
 * measuring and ends, so that it can be used in pipes. */
#define _GNU_SOURCE 1
#include "ctl/commands.h"

#include "base/os/clock.h"
#include "base/os/stop.h"
#include "ctl/top.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define CONNS_PLAIN 10 /* without a screen */
#define LINES_ABOVE 8  /* of the screen, without daemons and connections */

/* The alternate screen, without cursor and without folding of long lines. */
#define SCREEN_ENTER "\033[?1049h\033[?25l\033[?7l"
#define SCREEN_LEAVE "\033[?7h\033[?25h\033[?1049l"
#define SCREEN_CLEAR "\033[H\033[2J"

static bool screen; /* it is ours, and `before` is what it was */
static struct termios before;

/* ---- the screen ---- */

/* Also the last thing that happens when the command dies of an error. */
static void
leave_screen(void)
{
    if (!screen)
        return;
    screen = false;
    fputs(SCREEN_LEAVE, stdout);
    fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

/* Keys come at once and unseen. */
static void
enter_screen(void)
{
    struct termios raw;

    if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &before) < 0)
        return;
    raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    if (atexit(leave_screen) != 0 || tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
        return;
    screen = true;
    fputs(SCREEN_ENTER, stdout);
}

static uint32_t
room_for_conns(const struct top *t)
{
    uint32_t used = LINES_ABOVE + t->look.daemons;
    struct winsize w;

    if (!screen || ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_row == 0)
        return CONNS_PLAIN;
    return w.ws_row > used ? w.ws_row - used : 0;
}

static bool
quits(const struct pollfd *keyboard)
{
    char key;

    return keyboard->revents != 0 &&
           (read(STDIN_FILENO, &key, 1) != 1 || key == 'q');
}

/* Waits until `until`; false: 'q', or told to stop. */
static bool
wait_until(instant_t until, int stop)
{
    struct pollfd fds[] = {
        {.fd = stop, .events = POLLIN},
        {.fd = screen ? STDIN_FILENO : -1, .events = POLLIN}};
    instant_t now;

    while (instant_before(now = clock_now(), until)) {
        int64_t left_ms = instant_sub(until, now).ns / 1000000 + 1;

        if (poll(fds, 2, (int)left_ms) < 0 && errno != EINTR)
            return false;
        if (stop_asked(stop) || quits(&fds[1]))
            return false;
    }
    return true;
}

static void
show(const struct top *t)
{
    if (screen)
        fputs(SCREEN_CLEAR, stdout);
    if (t->cli->json)
        top_print_json(t);
    else
        top_print(t, room_for_conns(t), screen);
    fflush(stdout);
}

enum exit_status
cmd_top(struct cli *cli, int argc, char **argv)
{
    static struct top t;
    const char *period = "1";
    const struct arg args[] = {
        {.name = "period",
         .metavar = "SEC",
         .help = "between two looks (default 1)",
         .value = &period},
        {.name = NULL},
    };
    duration_t pause;
    int stop;

    cli_parse(cli, args, argc, argv, NULL, 0);
    t.cli = cli;
    pause =
        duration_ms(1000 * (int64_t)args_number("--period", period, 1, 3600));
    look_open(&t.look, cli);
    stop = stop_open();
    if (!cli->json)
        enter_screen();
    top_look(&t);
    while (wait_until(instant_add(top_now(&t)->when, pause), stop)) {
        top_look(&t);
        show(&t);
        if (!screen)
            break;
    }
    leave_screen();
    return EXIT_OK;
}
