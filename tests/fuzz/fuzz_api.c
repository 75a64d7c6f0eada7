/* SPDX-License-Identifier: MIT */
/* Messages of apid. Any bytes are a request that is complete and in its limits,
 * or none; any result of tcpd is a message that a client can read; and any
 * bytes are a result for libclient, or none. */
#include "tests/fuzz/fuzz.h"

#include "libclient/requests.h"
#include "proto/shm/client.h"
#include "tcpd/api/requests.h"

static void
fuzz_request(const uint8_t *bytes, size_t len)
{
    struct api_request q;

    if (request_decode(bytes, len, &q) != DROP_NONE)
        return;
    CHECK(q.op < API_OPS && q.slot < CLIENT_SLOTS &&
          q.value_len <= sizeof q.value);
    if (q.op == API_BIND || q.op == API_CONNECT)
        CHECK(addr_is_v4(q.addr));
}

static void
fuzz_answer(const uint8_t *bytes, size_t len)
{
    struct result r;

    if (result_decode(bytes, len, &r))
        CHECK(r.value_len <= sizeof r.value && r.error <= 0);
}

static void
fuzz_result(struct fuzz *f)
{
    uint8_t message[API_MESSAGE_MAX];
    struct api_result r;
    struct result read;
    size_t len;

    fuzz_bytes(f, &r, sizeof r);
    len = result_encode(&r, message);
    CHECK(len <= sizeof message);
    if (result_decode(message, len, &read)) {
        CHECK(read.number == r.number && read.next == r.next);
        CHECK(memcmp(read.value, r.value, read.value_len) == 0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {data, size};
    uint32_t which = fuzz_below(&f, 3);
    uint8_t *bytes;
    size_t len;

    if (which == 2) {
        fuzz_result(&f);
        return 0;
    }
    bytes = fuzz_rest(&f, &len);
    if (which == 0)
        fuzz_request(bytes, len);
    else
        fuzz_answer(bytes, len);
    free(bytes);
    return 0;
}
