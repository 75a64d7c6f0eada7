/* SPDX-License-Identifier: MIT */
/* Deaths, crash loops and heartbeats, in virtual time. */
#include "ctl/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static instant_t
at_ms(int64_t ms)
{
    return (instant_t){ms * 1000000};
}

static struct death
killed_by(int signal, enum conf_exit_why intent)
{
    siginfo_t info = {.si_code = CLD_KILLED};

    info.si_status = signal;
    return judge_death(&info, intent);
}

static void
signals_of_its_own_making_are_faults(void **state)
{
    static const int faults[] = {SIGSEGV, SIGABRT, SIGBUS,
                                 SIGILL,  SIGFPE,  SIGSYS};

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct death d = killed_by(faults[i], CONF_EXIT_NONE);

        assert_int_equal(d.why, CONF_EXIT_FAULT);
        assert_int_equal(d.exit, faults[i]);
        assert_true(judge_own_fault(d.why));
    }
}

static void
kill_from_outside_costs_nothing(void **state)
{
    (void)state;
    assert_int_equal(killed_by(SIGKILL, CONF_EXIT_NONE).why, CONF_EXIT_KILLED);
    assert_int_equal(killed_by(SIGTERM, CONF_EXIT_NONE).why, CONF_EXIT_KILLED);
    assert_false(judge_own_fault(CONF_EXIT_KILLED));
    assert_false(judge_own_fault(CONF_EXIT_RESTART));
}

static void
supervisors_own_kill_is_named_by_its_intent(void **state)
{
    (void)state;
    assert_int_equal(killed_by(SIGKILL, CONF_EXIT_HANG).why, CONF_EXIT_HANG);
    assert_int_equal(killed_by(SIGKILL, CONF_EXIT_RESTART).why,
                     CONF_EXIT_RESTART);
    assert_true(judge_own_fault(CONF_EXIT_HANG));
}

static void
exit_code_is_kept_apart_from_signals(void **state)
{
    siginfo_t info = {.si_code = CLD_EXITED};
    char text[48];
    struct death d;

    (void)state;
    info.si_status = 9;
    d = judge_death(&info, CONF_EXIT_NONE);
    assert_int_equal(d.why, CONF_EXIT_LEFT);
    assert_int_equal(d.exit, 256 + 9);
    assert_true(judge_own_fault(d.why));
    assert_string_equal(judge_text(text, d.why, d.exit), "exit status 9");
    assert_string_equal(judge_text(text, CONF_EXIT_KILLED, 9), "SIGKILL");
    assert_string_equal(judge_text(text, CONF_EXIT_NONE, 0), "-");
}

static void
crash_loop_backs_off_and_then_fails(void **state)
{
    static const int64_t delay_ms[] = {0, 10, 100, 1000, 1000, 1000};
    struct strikes s = {.count = 0};

    (void)state;
    for (int i = 0; i < 6; i++) {
        struct verdict v = strikes_add(&s, at_ms(1000 + 9000 * i));

        assert_int_equal(v.delay.ns, duration_ms(delay_ms[i]).ns);
        assert_int_equal(v.state,
                         i < 4 ? CONF_DAEMON_BACKOFF : CONF_DAEMON_FAILED);
    }
}

static void
spared_daemon_is_never_given_up(void **state)
{
    struct strikes s = {0};
    struct verdict v;

    (void)state;
    for (int i = 0; i < 20; i++) {
        v = verdict_spare(strikes_add(&s, at_ms(i)));
        assert_true(v.delay.ns <= duration_ms(100).ns);
        assert_int_equal(v.state, CONF_DAEMON_BACKOFF);
    }
}

static void
ten_quiet_seconds_are_forgiven(void **state)
{
    struct strikes s = {.count = 0};

    (void)state;
    strikes_add(&s, at_ms(0));
    strikes_add(&s, at_ms(10));
    assert_int_equal(strikes_add(&s, at_ms(10011)).delay.ns, 0);
}

static void
moving_turns_are_life(void **state)
{
    struct cnc_view v = {.turns = 0};
    struct pulse p;

    (void)state;
    pulse_grant(&p, &v, at_ms(0));
    for (int ms = 50; ms < 2000; ms += 50) {
        v.turns++;
        assert_false(pulse_suspects(&p, &v, true, at_ms(ms)));
    }
}

static void
standing_still_awake_is_suspect_after_200_ms(void **state)
{
    struct cnc_view v = {.turns = 7};
    struct pulse p;

    (void)state;
    pulse_grant(&p, &v, at_ms(0));
    assert_false(pulse_suspects(&p, &v, false, at_ms(200)));
    assert_true(pulse_suspects(&p, &v, false, at_ms(201)));
}

static void
sleep_with_nothing_to_do_is_life(void **state)
{
    struct cnc_view v = {.sleeping = true, .sleep_until = INSTANT_NEVER};
    struct pulse p;

    (void)state;
    pulse_grant(&p, &v, at_ms(0));
    assert_false(pulse_suspects(&p, &v, false, at_ms(3600000)));
    v.sleeping = false; /* it wakes just before we look */
    assert_false(pulse_suspects(&p, &v, false, at_ms(3600050)));
}

static void
sleep_beyond_its_own_deadline_is_suspect(void **state)
{
    struct cnc_view v = {.sleeping = true, .sleep_until = at_ms(1000)};
    struct pulse p;

    (void)state;
    pulse_grant(&p, &v, at_ms(0));
    assert_false(pulse_suspects(&p, &v, false, at_ms(1000)));
    assert_false(pulse_suspects(&p, &v, false, at_ms(1200)));
    assert_true(pulse_suspects(&p, &v, false, at_ms(1201)));
}

static void
sleep_over_input_is_suspect_after_a_second(void **state)
{
    struct cnc_view v = {.sleeping = true, .sleep_until = INSTANT_NEVER};
    struct pulse p;

    (void)state;
    pulse_grant(&p, &v, at_ms(0));
    assert_false(pulse_suspects(&p, &v, true, at_ms(1000)));
    assert_true(pulse_suspects(&p, &v, true, at_ms(1001)));
}

static void
stopped_suspect_hangs_at_the_second_look(void **state)
{
    const struct process stopped = {.known = true, .cpu_s = 5};
    struct pulse p = {0};

    (void)state;
    assert_false(pulse_confirms(&p, &stopped));
    assert_true(pulse_confirms(&p, &stopped));
}

static void
suspect_that_gets_no_cpu_is_given_time(void **state)
{
    const struct process starved = {
        .known = true, .runnable = true, .cpu_s = 5};
    struct pulse p = {0};

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_false(pulse_confirms(&p, &starved));
}

static void
suspect_that_burns_cpu_hangs(void **state)
{
    struct process busy = {.known = true, .runnable = true, .cpu_s = 5};
    struct pulse p = {0};

    (void)state;
    assert_false(pulse_confirms(&p, &busy));
    busy.cpu_s += HANG_CPU_S / 2;
    assert_false(pulse_confirms(&p, &busy));
    busy.cpu_s += HANG_CPU_S;
    assert_true(pulse_confirms(&p, &busy));
}

static void
turn_clears_a_suspicion(void **state)
{
    const struct process stopped = {.known = true};
    struct cnc_view v = {.turns = 7};
    struct pulse p;

    (void)state;
    pulse_grant(&p, &v, at_ms(0));
    assert_false(pulse_confirms(&p, &stopped));
    v.turns++;
    assert_false(pulse_suspects(&p, &v, false, at_ms(300)));
    assert_false(pulse_confirms(&p, &stopped));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_of_its_own_making_are_faults),
        cmocka_unit_test(kill_from_outside_costs_nothing),
        cmocka_unit_test(supervisors_own_kill_is_named_by_its_intent),
        cmocka_unit_test(exit_code_is_kept_apart_from_signals),
        cmocka_unit_test(crash_loop_backs_off_and_then_fails),
        cmocka_unit_test(spared_daemon_is_never_given_up),
        cmocka_unit_test(ten_quiet_seconds_are_forgiven),
        cmocka_unit_test(moving_turns_are_life),
        cmocka_unit_test(standing_still_awake_is_suspect_after_200_ms),
        cmocka_unit_test(sleep_with_nothing_to_do_is_life),
        cmocka_unit_test(sleep_beyond_its_own_deadline_is_suspect),
        cmocka_unit_test(sleep_over_input_is_suspect_after_a_second),
        cmocka_unit_test(stopped_suspect_hangs_at_the_second_look),
        cmocka_unit_test(suspect_that_gets_no_cpu_is_given_time),
        cmocka_unit_test(suspect_that_burns_cpu_hangs),
        cmocka_unit_test(turn_clears_a_suspicion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
