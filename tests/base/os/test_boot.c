/* SPDX-License-Identifier: MIT */
/* A daemon's prologue. boot() runs in a child whose BOOT_SOCKET is one end of a
 * pair; all messages are in the socket before it starts. */
#define _GNU_SOURCE 1
#include "base/os/boot.h"

#include "base/os/fdpass.h"
#include "base/os/log.h"
#include "base/os/stop.h"
#include "tests/base/os/child.h"

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

#define TEXT 256 /* bytes, with its NUL */

struct start {
    int pair[2]; /* the supervisor's end, the daemon's end */
    const char *cpu;
    bool hangs_up;
};

/* Collects the messages into a line of text; refuses "bad". */
static bool
adopt(void *tables, const void *msg, size_t len, int fd)
{
    char *text = tables;
    size_t used;

    if (len == 3 && memcmp(msg, "bad", 3) == 0)
        return false;
    used = strlen(text);
    snprintf(text + used, TEXT - used, "%c%.*s%s", fd < 0 ? '-' : '+', (int)len,
             (const char *)msg,
             fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0 ? "(inherited)"
                                                               : "");
    if (fd >= 0)
        close(fd);
    return true;
}

/* Prints what was adopted, and the CPU when one was asked for. */
static void
boot_daemon(void *arg)
{
    const struct start *s = arg;
    char text[TEXT] = "", name[] = "ipd", option[] = "--cpu", cpu[32];
    char *argv[] = {name, option, cpu, NULL};
    int stop;

    if (s->hangs_up)
        shutdown(s->pair[0], SHUT_RDWR);
    close(s->pair[0]);
    dup2(s->pair[1], BOOT_SOCKET);
    if (s->cpu != NULL)
        snprintf(cpu, sizeof cpu, "%s", s->cpu);
    stop = boot("ipd", s->cpu != NULL ? 3 : 1, argv, adopt, text);
    printf("%s", text);
    if (s->cpu != NULL)
        printf(" cpu %d", sched_getcpu());
    raise(SIGTERM);
    printf(stop_asked(stop) ? " asked" : " not asked");
    boot_ready();
}

static int
setup(void **state)
{
    static struct start s;

    s = (struct start){.cpu = NULL};
    *state = &s;
    return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s.pair);
}

static int
teardown(void **state)
{
    struct start *s = *state;

    close(s->pair[0]);
    close(s->pair[1]);
    return 0;
}

static void
hand_over(struct start *s, const char *msg, size_t len, int fds)
{
    const int some[] = {STDIN_FILENO, STDIN_FILENO};

    assert_true(fdpass_send(s->pair[0], msg, len, some, (size_t)fds));
}

static void
assert_dies(struct start *s, const char *line)
{
    struct child_end end;

    child_run(&end, boot_daemon, s);
    assert_string_equal(end.err, line);
    assert_int_equal(end.status, EXIT_FAILED);
    assert_string_equal(end.out, "");
}

static void
messages_are_adopted_until_the_single_zero_byte(void **state)
{
    struct start *s = *state;
    struct child_end end;

    hand_over(s, "a", 1, 1);
    hand_over(s, "bc", 2, 0);
    hand_over(s, "\0", 1, 0);
    hand_over(s, "later", 5, 0);
    child_run(&end, boot_daemon, s);
    assert_string_equal(end.err, "");
    assert_string_equal(end.out, "+a-bc asked");
    assert_int_equal(end.status, CHILD_RETURNED);
}

/* The end brings nothing; the daemon's tables judge what claims to be one. */
static void
zero_byte_with_a_descriptor_is_not_the_end(void **state)
{
    struct start *s = *state;
    struct child_end end;

    hand_over(s, "\0", 1, 1);
    hand_over(s, "\0", 1, 0);
    child_run(&end, boot_daemon, s);
    assert_string_equal(end.out, "+ asked");
}

static void
readiness_is_one_newline(void **state)
{
    struct start *s = *state;
    struct child_end end;
    char got[16];

    hand_over(s, "\0", 1, 0);
    child_run(&end, boot_daemon, s);
    assert_int_equal(recv(s->pair[0], got, sizeof got, MSG_DONTWAIT), 1);
    assert_int_equal(got[0], '\n');
}

static void
longest_message_is_adopted_whole(void **state)
{
    struct start *s = *state;
    struct child_end end;
    char msg[BOOT_MESSAGE];

    memset(msg, 'm', sizeof msg);
    msg[BOOT_MESSAGE - 100] = '\0'; /* keeps adopt's text in bounds */
    hand_over(s, msg, sizeof msg, 0);
    hand_over(s, "\0", 1, 0);
    child_run(&end, boot_daemon, s);
    assert_int_equal(end.status, CHILD_RETURNED);
    assert_int_equal(strlen(end.out),
                     1 + BOOT_MESSAGE - 100 + strlen(" asked"));
}

static void
refused_message_is_death(void **state)
{
    hand_over(*state, "bad", 3, 0);
    assert_dies(*state,
                "skink: ipd: refused a message of 3 bytes in the handover\n");
}

static void
too_long_message_is_death(void **state)
{
    char msg[BOOT_MESSAGE + 1] = {0};

    hand_over(*state, msg, sizeof msg, 0);
    assert_dies(*state, "skink: ipd: cannot take over from the supervisor: "
                        "Message too long\n");
}

static void
two_descriptors_in_a_message_are_death(void **state)
{
    hand_over(*state, "a", 1, 2);
    assert_dies(*state, "skink: ipd: cannot take over from the supervisor: "
                        "Message too long\n");
}

static void
supervisor_that_hangs_up_is_death(void **state)
{
    struct start *s = *state;

    s->hangs_up = true;
    assert_dies(s,
                "skink: ipd: the supervisor went away during the handover\n");
}

static void
started_by_hand_names_the_right_command(void **state)
{
    static const char expected[] =
        "skink: ipd: is started by the supervisor, not by hand\n"
        "hint: start everything with 'skink up'\n";
    struct start *s = *state;
    struct child_end end;
    int stream[2];

    close(s->pair[1]);
    s->pair[1] = open("/dev/null", O_RDWR);
    child_run(&end, boot_daemon, s);
    assert_string_equal(end.err, expected);
    assert_int_equal(end.status, EXIT_USAGE);

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, stream), 0);
    dup2(stream[1], s->pair[1]);
    close(stream[0]);
    close(stream[1]);
    child_run(&end, boot_daemon, s);
    assert_string_equal(end.err, expected);
    assert_int_equal(end.status, EXIT_USAGE);
}

/* The last CPU that this process may run on. */
static int
some_cpu(void)
{
    cpu_set_t set;
    int last = 0;

    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET((size_t)i, &set))
            last = i;
    }
    return last;
}

static void
daemon_runs_on_the_given_cpu(void **state)
{
    struct start *s = *state;
    struct child_end end;
    char cpu[16], expected[64];

    snprintf(cpu, sizeof cpu, "%d", some_cpu());
    snprintf(expected, sizeof expected, " cpu %s asked", cpu);
    s->cpu = cpu;
    hand_over(s, "\0", 1, 0);
    child_run(&end, boot_daemon, s);
    assert_string_equal(end.out, expected);
    assert_string_equal(end.err, "");
}

static void
missing_cpu_is_one_line_and_no_death(void **state)
{
    struct start *s = *state;
    struct child_end end;

    s->cpu = "1023";
    hand_over(s, "\0", 1, 0);
    child_run(&end, boot_daemon, s);
    assert_string_equal(
        end.err, "skink: ipd: cannot run on CPU 1023: Invalid argument\n");
    assert_int_equal(end.status, CHILD_RETURNED);
}

static void
cpu_that_is_no_number_is_a_usage_error(void **state)
{
    struct start *s = *state;
    struct child_end end;

    s->cpu = "all";
    child_run(&end, boot_daemon, s);
    assert_string_equal(
        end.err, "skink: ipd: --cpu: 'all' is not a number from 0 to 1023\n");
    assert_int_equal(end.status, EXIT_USAGE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            messages_are_adopted_until_the_single_zero_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(
            zero_byte_with_a_descriptor_is_not_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(readiness_is_one_newline, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(longest_message_is_adopted_whole, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(refused_message_is_death, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(too_long_message_is_death, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(two_descriptors_in_a_message_are_death,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(supervisor_that_hangs_up_is_death,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(started_by_hand_names_the_right_command,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(daemon_runs_on_the_given_cpu, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(missing_cpu_is_one_line_and_no_death,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(cpu_that_is_no_number_is_a_usage_error,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
