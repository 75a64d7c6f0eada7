/* SPDX-License-Identifier: MIT */
/* A captured packet as it is shown: whole, with its story, as a line or JSON. */
#ifndef CTL_CAPTURE_SHOW_H
#define CTL_CAPTURE_SHOW_H

#include "ctl/capture_origin.h"
#include "ctl/sniff.h"

#include <stdbool.h>
#include <stdint.h>

struct shown {
    const struct origin *origin;
    const uint8_t *bytes; /* Ethernet or IP header first */
    uint32_t captured, len;
    int64_t unix_ns;
    char story[96]; /* "": nothing befell it */
};

/* Of a packet that sniff_next gave; valid as long as that, and until the next
 * call. `to_unix` leads from our clock's ns to the wall's. */
void capture_shown(struct shown *out, const struct origin *origin,
                   const struct sniffed *f, int64_t to_unix);

/* On stdout. */
void capture_print(const struct shown *s);
void capture_print_json(const struct shown *s, const struct sniffed *f);

#endif
