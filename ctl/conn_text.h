/* SPDX-License-Identifier: MIT */
/* What tcpd shows of a connection, in ss's words. */
#ifndef CTL_CONN_TEXT_H
#define CTL_CONN_TEXT_H

#include "ctl/json.h"
#include "proto/shm/conf.h"
#include "proto/shm/view.h"

/* "ESTAB", ...; hostile numbers give "UNKNOWN". */
const char *conn_state_name(uint8_t state);

/* "10.7.0.2:80", "0.0.0.0:*". Returns `out`. */
#define CONN_ENDPOINT (ADDR_TEXT + 6)
const char *conn_endpoint(char out[CONN_ENDPOINT], struct addr a,
                          uint16_t port);

/* The line of `ss -i`. Returns `out`. */
#define CONN_INFO 512
const char *conn_info(char out[CONN_INFO], const struct view_info *i);

/* "timer:(on,1.2sec,3)" of a row that was written `age_s` seconds ago; "": none. */
const char *conn_timer(char out[CONN_INFO], const struct view_info *i,
                       double age_s);

/* The members of a JSON object that conn_info's text has, as numbers. */
void conn_json(struct json *j, const struct view_info *i);

/* Whose it is; pid 0: nobody's any more. */
struct conn_owner {
    uint32_t pid;
    uint32_t handle;
    char comm[17];
};
void conn_owner(struct conn_owner *o, const struct conf_shm *conf,
                uint32_t client, uint32_t slot);

#endif
