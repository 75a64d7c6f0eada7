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
