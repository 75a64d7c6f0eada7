/* SPDX-License-Identifier: MIT */
/* Heads of HTTP: what is understood, and what is refused. */
#include "libclient/examples/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int
parse(const char *head, struct http_request *r)
{
    return http_parse_request(head, strlen(head), r);
}

static void
a_head_ends_at_the_empty_line(void **state)
{
    (void)state;
    assert_int_equal(http_head_length("GET / HTTP/1.1\r\n\r\nrest", 22), 18);
    assert_int_equal(http_head_length("GET / HTTP/1.1\n\n", 16), 16);
    assert_int_equal(http_head_length("GET / HTTP/1.1\r\n\r", 17), 0);
    assert_int_equal(http_head_length("", 0), 0);
}

static void
a_path_is_decoded_and_relative(void **state)
{
    struct http_request r;

    (void)state;
    assert_int_equal(parse("GET //a%20b/c?x=1 HTTP/1.1\r\n\r\n", &r), 0);
    assert_string_equal(r.path, "a b/c");
    assert_true(r.keep_alive);
    assert_int_equal(parse("GET /%00 HTTP/1.1\r\n\r\n", &r), 400);
    assert_int_equal(parse("GET /%2 HTTP/1.1\r\n\r\n", &r), 400);
    assert_int_equal(parse("GET a HTTP/1.1\r\n\r\n", &r), 400);
}

static void
a_path_that_is_too_long_is_refused(void **state)
{
    char head[2 * HTTP_PATH_MAX + 32];
    struct http_request r;

    (void)state;
    snprintf(head, sizeof head, "GET /%0*d HTTP/1.1\r\n\r\n", HTTP_PATH_MAX, 0);
    assert_int_equal(parse(head, &r), 400);
    snprintf(head, sizeof head, "GET /%0*d HTTP/1.1\r\n\r\n", HTTP_PATH_MAX - 1,
             0);
    assert_int_equal(parse(head, &r), 0);
}

static void
connections_are_kept_as_the_version_says(void **state)
{
    struct http_request r;

    (void)state;
    assert_int_equal(parse("GET / HTTP/1.0\r\n\r\n", &r), 0);
    assert_false(r.keep_alive);
    assert_int_equal(
        parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", &r), 0);
    assert_true(r.keep_alive);
    assert_int_equal(
        parse("GET / HTTP/1.1\r\nconnection: x, close\r\n\r\n", &r), 0);
    assert_false(r.keep_alive);
    assert_int_equal(parse("GET / HTTP/2\r\n\r\n", &r), 505);
}

static void
lengths_that_differ_or_are_no_numbers_are_refused(void **state)
{
    struct http_request r;

    (void)state;
    assert_int_equal(parse("PUT /a HTTP/1.1\r\nContent-Length: 12\r\n\r\n", &r),
                     0);
    assert_int_equal(r.fields.length, 12);
    assert_int_equal(parse("PUT /a HTTP/1.1\r\nContent-Length: 12\r\n"
                           "Content-Length: 13\r\n\r\n",
                           &r),
                     400);
    assert_int_equal(parse("PUT /a HTTP/1.1\r\nContent-Length: -1\r\n\r\n", &r),
                     400);
    assert_int_equal(
        parse("PUT /a HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
              &r),
        400);
    assert_int_equal(
        parse("PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", &r),
        411);
    assert_int_equal(parse("GET / HTTP/1.1\r\nHost : a\r\n\r\n", &r), 400);
    assert_int_equal(parse("GET / HTTP/1.1\r\nno colon\r\n\r\n", &r), 400);
}

static int
range(const char *value, uint64_t size, uint64_t *first, uint64_t *count)
{
    char head[128];
    struct http_request r;

    snprintf(head, sizeof head, "GET / HTTP/1.1\r\nRange: %s\r\n\r\n", value);
    assert_int_equal(parse(head, &r), 0);
    return http_select_range(&r.fields, size, first, count);
}

static void
one_range_selects_bytes_and_others_are_ignored(void **state)
{
    uint64_t first, count;

    (void)state;
    assert_int_equal(range("bytes=10-19", 100, &first, &count), 206);
    assert_int_equal(first, 10);
    assert_int_equal(count, 10);
    assert_int_equal(range("bytes=90-", 100, &first, &count), 206);
    assert_int_equal(count, 10);
    assert_int_equal(range("bytes=90-500", 100, &first, &count), 206);
    assert_int_equal(count, 10);
    assert_int_equal(range("bytes=-7", 100, &first, &count), 206);
    assert_int_equal(first, 93);
    assert_int_equal(range("bytes=-700", 100, &first, &count), 206);
    assert_int_equal(count, 100);
    assert_int_equal(range("bytes=100-", 100, &first, &count), 416);
    assert_int_equal(range("bytes=-0", 100, &first, &count), 416);
    assert_int_equal(range("bytes=9-5", 100, &first, &count), 200);
    assert_int_equal(range("bytes=1-2,4-5", 100, &first, &count), 200);
    assert_int_equal(count, 100);
}

static void
a_url_has_a_host_a_port_and_a_path(void **state)
{
    struct http_url url;

    (void)state;
    assert_true(http_parse_url("http://10.7.0.1:8080/a/b?c", &url));
    assert_string_equal(url.host, "10.7.0.1");
    assert_int_equal(url.port, 8080);
    assert_string_equal(url.path, "/a/b?c");
    assert_true(http_parse_url("http://h", &url));
    assert_int_equal(url.port, 80);
    assert_string_equal(url.path, "/");
    assert_false(http_parse_url("https://h/", &url));
    assert_false(http_parse_url("http://h:0/", &url));
    assert_false(http_parse_url("http://h:65536/", &url));
    assert_false(http_parse_url("http:///", &url));
}

static void
what_is_more_than_a_name_is_encoded(void **state)
{
    char out[HTTP_ENCODED_MAX];

    (void)state;
    http_encode_path("a b/~c-d_e.f", out);
    assert_string_equal(out, "a%20b/~c-d_e.f");
    http_encode_path("\r\n:%?\"\xff", out);
    assert_string_equal(out, "%0D%0A%3A%25%3F%22%FF");
}

static void
a_response_has_a_status_and_a_length(void **state)
{
    static const char head[] = "HTTP/1.1 206 Partial Content\r\n"
                               "content-length:5\r\n\r\n";
    struct http_response r;

    (void)state;
    assert_true(http_parse_response(head, sizeof head - 1, &r));
    assert_int_equal(r.status, 206);
    assert_true(r.fields.has_length);
    assert_int_equal(r.fields.length, 5);
    assert_false(http_parse_response("SSH-2.0\r\n\r\n", 11, &r));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_ends_at_the_empty_line),
        cmocka_unit_test(a_path_is_decoded_and_relative),
        cmocka_unit_test(a_path_that_is_too_long_is_refused),
        cmocka_unit_test(connections_are_kept_as_the_version_says),
        cmocka_unit_test(lengths_that_differ_or_are_no_numbers_are_refused),
        cmocka_unit_test(one_range_selects_bytes_and_others_are_ignored),
        cmocka_unit_test(a_url_has_a_host_a_port_and_a_path),
        cmocka_unit_test(what_is_more_than_a_name_is_encoded),
        cmocka_unit_test(a_response_has_a_status_and_a_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
