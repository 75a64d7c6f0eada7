/* SPDX-License-Identifier: MIT */
/* tcpd's records in tcpd.state and the turn that makes them true.
 *
 * Every record of a turn is written into the older of its two copies, and the
 * store of the turn's number in checkpoint_commit() makes all of them true at
 * once (proto/shm/record.h). What the outside sees - ring tails, client cursors,
 * results - is published only after that, so that nobody ever acts on a state
 * that a successor would not know.
 *
 * A copy of a turn that did not happen must be gone before the turn of the same
 * number does. To look for it everywhere would touch all of the region, so a
 * record's name is put into the journal before it is written. */
#include "tcpd/checkpoint.h"

#include "base/bits.h"
#include "base/check.h"

static const struct {
    uint32_t count, body_size;
} shape[SETS] = {
    [SET_GLOBALS] = {1, sizeof(struct globals_image)},
    [SET_TCBS] = {TCPD_TCBS, TCB_IMAGE_SIZE},
    [SET_CLIENTS] = {CLIENTS_MAX, sizeof(struct client_image)},
    [SET_RESULTS] = {CLIENTS_MAX * REQUEST_WINDOW, sizeof(struct api_result)},
    [SET_SLOTS] = {CLIENTS_MAX * CLIENT_SLOTS, sizeof(struct slot_image)},
};

/* ---- the journal ---- */

static void
write_record(struct checkpoint *c, enum checkpoint_set set, uint32_t i,
             const void *body)
{
    struct journal *j = c->journal;
    uint32_t name = i;

    for (uint32_t s = 0; s < set; s++)
        name += shape[s].count;
    if (c->written != c->turn)
        j->count = 0; /* the last turn happened */
    c->written = c->turn;
    CHECK(j->count < ARRAY_LEN(j->entry));
    j->entry[j->count++] = name; /* record_write voids and fences next */
    record_write(&c->set[set], i, c->turn, body);
}

static void
void_record(struct checkpoint *c, uint32_t name)
{
    union {
        struct globals_image globals;
        struct tcb tcb;
        struct client_image client;
        struct api_result result;
        struct slot_image slot;
    } body;

    for (uint32_t s = 0; s < SETS; s++) {
        if (name < shape[s].count) {
            (void)!record_recover(&c->set[s], name, c->turn - 1, &body);
            return;
        }
        name -= shape[s].count;
    }
}

static void
void_unhappened(struct checkpoint *c)
{
    struct journal *j = c->journal;
    uint64_t n = min_u64(j->count, ARRAY_LEN(j->entry));

    for (uint64_t i = 0; i < n; i++)
        void_record(c, j->entry[i]);
}

bool
checkpoint_open(struct checkpoint *c, const struct region *region)
{
    uint64_t at = STATE_BODY;

    *c = (struct checkpoint){.region = *region};
    for (uint32_t s = 0; s < SETS; s++)
        if (!record_set_join(&c->set[s], region, &at, shape[s].count,
                             shape[s].body_size))
            return false;
    c->journal = region_at(region, at, sizeof *c->journal);
    if (c->journal == NULL)
        return false;
    c->turn = state_turn(region) + 1;
    void_unhappened(c);
    return true;
}

/* ---- recovery ---- */

static bool
recover(struct checkpoint *c, enum checkpoint_set set, uint32_t i, void *body)
{
    return record_recover(&c->set[set], i, c->turn - 1, body) == RECORD_FOUND;
}

bool
checkpoint_recover(struct checkpoint *c, struct globals_image *g)
{
    return recover(c, SET_GLOBALS, 0, g);
}

bool
checkpoint_recover_client(struct checkpoint *c, uint32_t client,
                          struct client_image *image)
{
    return recover(c, SET_CLIENTS, client, image);
}

bool
checkpoint_recover_slot(struct checkpoint *c, uint32_t client, uint32_t slot,
                        struct slot_image *image)
{
    return recover(c, SET_SLOTS, client * CLIENT_SLOTS + slot, image);
}

bool
checkpoint_recover_tcb(struct checkpoint *c, uint32_t index, struct tcb *image)
{
    return recover(c, SET_TCBS, index, image);
}

/* ---- writing ---- */

void
checkpoint_tcb(struct checkpoint *c, const struct tcb *tcb)
{
    write_record(c, SET_TCBS, tcb->index, tcb);
}

void
checkpoint_client(struct checkpoint *c, uint32_t client,
                  const struct client_image *image)
{
    write_record(c, SET_CLIENTS, client, image);
}

void
checkpoint_slot(struct checkpoint *c, uint32_t client, uint32_t slot,
                const struct slot_image *image)
{
    write_record(c, SET_SLOTS, client * CLIENT_SLOTS + slot, image);
}

static uint32_t
result_index(uint32_t client, uint64_t number)
{
    return client * REQUEST_WINDOW + (uint32_t)(number % REQUEST_WINDOW);
}

void
checkpoint_result(struct checkpoint *c, uint32_t client,
                  const struct api_result *result)
{
    write_record(c, SET_RESULTS, result_index(client, result->number), result);
}

void
checkpoint_commit(struct checkpoint *c, const struct globals_image *g)
{
    write_record(c, SET_GLOBALS, 0, g);
    state_commit(&c->region, c->turn);
    c->turn++;
}

bool
checkpoint_find_result(struct checkpoint *c, uint32_t client, uint64_t number,
                       struct api_result *result)
{
    return record_recover(&c->set[SET_RESULTS], result_index(client, number),
                          c->turn, result) == RECORD_FOUND &&
           result->number == number;
}
