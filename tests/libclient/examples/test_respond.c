/* SPDX-License-Identifier: MIT */
/* Answers of httpd to requests for what is in a directory, and for what is not. */
#include "libclient/examples/respond.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
    char dir[80];
    struct site site;
    struct connection c;
};

/* What a hostile upload would be called. */
#define HOSTILE "<b>&\"%2e"

static const char *const files[] = {HOSTILE, "a.txt", ".hidden",
                                    "with/index.html", NULL};
static const char *const directories[] = {"with", "without", NULL};

static void
make_file(int root, const char *name)
{
    int fd = openat(root, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "12345", 5), 5);
    close(fd);
}

static int
setup(void **state)
{
    const char *tmp = getenv("TMPDIR");
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    snprintf(w->dir, sizeof w->dir, "%s/skink-test-XXXXXX",
             tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
    assert_non_null(mkdtemp(w->dir));
    w->site.root = open(w->dir, O_RDONLY | O_DIRECTORY);
    assert_true(w->site.root >= 0);
    for (size_t i = 0; directories[i] != NULL; i++)
        assert_int_equal(mkdirat(w->site.root, directories[i], 0700), 0);
    for (size_t i = 0; files[i] != NULL; i++)
        make_file(w->site.root, files[i]);
    w->c.site = &w->site;
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; files[i] != NULL; i++)
        unlinkat(w->site.root, files[i], 0);
    for (size_t i = 0; directories[i] != NULL; i++)
        unlinkat(w->site.root, directories[i], AT_REMOVEDIR);
    close(w->site.root);
    rmdir(w->dir);
    free(w);
    return 0;
}

/* The whole answer, until the next one. */
static const char *
answer_to(struct world *w, const char *method, const char *target)
{
    struct connection *c = &w->c;
    char head[256];
    int len =
        snprintf(head, sizeof head, "%s %s HTTP/1.1\r\n\r\n", method, target);

    c->file = c->upload.fd = -1;
    respond_begin(c, http_parse_request(head, (size_t)len, &c->request));
    assert_int_equal(c->state, WRITE);
    if (c->file >= 0) {
        ssize_t n =
            read(c->file, c->out + c->out_end, RESPOND_BUFFER - c->out_end - 1);

        assert_int_equal(n, c->file_left);
        c->out_end += (size_t)n;
        close(c->file);
    }
    c->out[c->out_end] = '\0';
    return c->out;
}

#define assert_has(text, part)     assert_non_null(strstr(text, part))
#define assert_has_not(text, part) assert_null(strstr(text, part))

static void
a_directory_is_listed_in_order_and_without_hidden_names(void **state)
{
    const char *page = answer_to(*state, "GET", "/");

    assert_has(page, "HTTP/1.1 200 ");
    assert_has(page, "Content-Type: text/html; charset=utf-8\r\n");
    assert_has(page, "<a href=\"a.txt\">a.txt</a><td align=right>5\n");
    assert_has(page, "<a href=\"with/\">with/</a>");
    assert_true(strstr(page, ">a.txt<") < strstr(page, ">with/<"));
    assert_has_not(page, "hidden");
    assert_has_not(page, "../");
}

static void
a_name_is_text_and_never_markup(void **state)
{
    const char *page = answer_to(*state, "GET", "/");

    assert_has(page, "<a href=\"%3Cb%3E%26%22%252e\">&lt;b&gt;&amp;\"%2e</a>");
    assert_has_not(page, "<b>");
}

static void
an_index_is_shown_in_the_place_of_a_list(void **state)
{
    assert_has(answer_to(*state, "GET", "/with/"), "\r\n\r\n12345");
}

static void
an_empty_directory_leads_back_to_its_parent(void **state)
{
    assert_has(answer_to(*state, "GET", "/without/"), "<a href=\"../\">");
}

static void
a_directory_without_its_slash_is_a_redirection(void **state)
{
    const char *answer = answer_to(*state, "GET", "/without");

    assert_has(answer, "HTTP/1.1 301 Moved Permanently\r\n");
    assert_has(answer, "\r\nLocation: /without/\r\n");
}

static void
a_refusal_is_one_line_that_head_does_not_send(void **state)
{
    const char *answer = answer_to(*state, "GET", "/absent");

    assert_has(answer, "HTTP/1.1 404 Not Found\r\n");
    assert_has(answer, "\r\nContent-Length: 14\r\n");
    assert_has(answer, "\r\n\r\n404 Not Found\n");
    answer = answer_to(*state, "HEAD", "/absent");
    assert_has(answer, "\r\nContent-Length: 14\r\n");
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    assert_has(answer_to(*state, "DELETE", "/a.txt"),
               "\r\nAllow: GET, HEAD\r\n");
}

static void
a_directory_outside_is_not_found(void **state)
{
    assert_has(answer_to(*state, "GET", "/../"), "HTTP/1.1 404 ");
    assert_has(answer_to(*state, "GET", "/absent/"), "HTTP/1.1 404 ");
    assert_has(answer_to(*state, "GET", "/a.txt/"), "HTTP/1.1 404 ");
}

int
main(void)
{
#define TEST(claim) cmocka_unit_test_setup_teardown(claim, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_directory_is_listed_in_order_and_without_hidden_names),
        TEST(a_name_is_text_and_never_markup),
        TEST(an_index_is_shown_in_the_place_of_a_list),
        TEST(an_empty_directory_leads_back_to_its_parent),
        TEST(a_directory_without_its_slash_is_a_redirection),
        TEST(a_refusal_is_one_line_that_head_does_not_send),
        TEST(a_directory_outside_is_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
