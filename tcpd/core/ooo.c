/* SPDX-License-Identifier: MIT */
/* Which ranges of sequence numbers above rcv_nxt are stored already.
 *
 * ooo[0..ooo_count-1] is sorted and no two ranges overlap or touch, so a new
 * range takes one place or none: what does not fit is refused before its bytes
 * are stored, and the peer sends them again. */
#include "tcpd/core/internal.h"

/* Do they overlap or touch? */
static bool
meets(const struct range *r, seq_t left, seq_t right)
{
    return seq_le(r->left, right) && seq_le(left, r->right);
}

/* Takes ranges [first, first + count) out. */
static void
cut(struct tcb *tcb, uint32_t first, uint32_t count)
{
    tcb->ooo_count -= count;
    for (uint32_t i = first; i < tcb->ooo_count; i++)
        tcb->ooo[i] = tcb->ooo[i + count];
}

static void
insert(struct tcb *tcb, uint32_t place, struct range r)
{
    for (uint32_t i = tcb->ooo_count; i > place; i--)
        tcb->ooo[i] = tcb->ooo[i - 1];
    tcb->ooo[place] = r;
    tcb->ooo_count++;
}

/* How many ranges end before `left`, without touching it. */
static uint32_t
ranges_before(const struct tcb *tcb, seq_t left)
{
    uint32_t n = 0;

    while (n < tcb->ooo_count && seq_lt(tcb->ooo[n].right, left))
        n++;
    return n;
}

bool
ooo_fits(const struct tcb *tcb, seq_t left, seq_t right)
{
    uint32_t place = ranges_before(tcb, left);

    return tcb->ooo_count < OOO_RANGES ||
           (place < tcb->ooo_count && meets(&tcb->ooo[place], left, right));
}

static bool
holds(const struct range *r, seq_t s)
{
    return seq_le(r->left, s) && seq_lt(s, r->right);
}

/* Moves the range to the head of sack_recent[]. */
static void
remember(struct tcb *tcb, const struct range *r)
{
    seq_t next = r->left;

    for (int i = 0; i < SACK_RECENTS; i++) {
        seq_t old = tcb->sack_recent[i];

        tcb->sack_recent[i] = next;
        if (holds(r, old))
            break;
        next = old;
    }
}

void
ooo_add(struct tcb *tcb, seq_t left, seq_t right)
{
    uint32_t place = ranges_before(tcb, left);
    uint32_t last = place;

    while (last < tcb->ooo_count && meets(&tcb->ooo[last], left, right)) {
        left = seq_min(left, tcb->ooo[last].left);
        right = seq_max(right, tcb->ooo[last].right);
        last++;
    }
    cut(tcb, place, last - place);
    insert(tcb, place, (struct range){left, right});
    remember(tcb, &tcb->ooo[place]);
}

uint32_t
ooo_reach(struct tcb *tcb)
{
    seq_t reach = tcb->rcv_nxt;
    uint32_t taken = 0;

    while (taken < tcb->ooo_count && seq_le(tcb->ooo[taken].left, reach)) {
        reach = seq_max(reach, tcb->ooo[taken].right);
        taken++;
    }
    cut(tcb, 0, taken);
    return seq_sub(reach, tcb->rcv_nxt);
}

/* ---- what the peer is told of them ---- */

void
ooo_note_duplicate(struct tcb *tcb, seq_t left, seq_t right)
{
    struct range twice = {left, seq_min(right, tcb->rcv_nxt)};

    if (!(tcb->flags & TCB_SACK))
        return;
    for (uint32_t i = 0; i < tcb->ooo_count && !seq_lt(twice.left, twice.right);
         i++)
        twice = (struct range){seq_max(left, tcb->ooo[i].left),
                               seq_min(right, tcb->ooo[i].right)};
    if (!seq_lt(twice.left, twice.right))
        return;
    tcb->dsack = twice;
    tcb->flags |= TCB_DSACK;
}

/* The first `after` blocks are not compared: a D-SACK may say the same. */
static void
add_block(struct tcp_options *opt, uint32_t after, uint32_t most,
          const struct range *r)
{
    for (uint32_t i = after; i < opt->sack_count; i++)
        if (opt->sack[i].left == r->left.v)
            return;
    if (opt->sack_count < most)
        opt->sack[opt->sack_count++] = (struct tcp_sack){r->left.v, r->right.v};
}

static const struct range *
range_of(const struct tcb *tcb, seq_t s)
{
    for (uint32_t i = 0; i < tcb->ooo_count; i++)
        if (holds(&tcb->ooo[i], s))
            return &tcb->ooo[i];
    return NULL;
}

void
ooo_blocks(const struct tcb *tcb, uint32_t most, struct tcp_options *opt)
{
    uint32_t first = 0;

    opt->sack_count = 0;
    if (tcb->flags & TCB_DSACK) {
        add_block(opt, 0, most, &tcb->dsack);
        first = 1;
    }
    for (int i = 0; i < SACK_RECENTS; i++) {
        const struct range *r = range_of(tcb, tcb->sack_recent[i]);

        if (r != NULL)
            add_block(opt, first, most, r);
    }
    for (uint32_t i = 0; i < tcb->ooo_count; i++)
        add_block(opt, first, most, &tcb->ooo[i]);
}
