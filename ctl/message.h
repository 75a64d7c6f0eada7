/* SPDX-License-Identifier: MIT */
/* Addresses, routes and impairments in messages of the control socket, both ways.
 * What comes out of a message is checked for its form; whether it fits the
 * network is change.h's affair. */
#ifndef CTL_MESSAGE_H
#define CTL_MESSAGE_H

#include "control.pb-c.h"
#include "proto/shm/conf.h"
#include "proto/wire/net.h"

#include <stdbool.h>

/* The messages point into the values, which must outlive them. */
void message_of_address(Skink__Control__Address *m, struct net_address *a);
void message_of_route(Skink__Control__Route *m, struct net_route *r);
void message_of_impair(Skink__Control__Impair *m, uint32_t link,
                       enum conf_direction direction,
                       const struct conf_impair *i);

/* False: that is none. A missing message is NULL, and none either. */
bool message_to_addr(const ProtobufCBinaryData *bytes, struct addr *a)
    __attribute__((warn_unused_result));
bool message_to_address(const Skink__Control__Address *m, struct net_address *a)
    __attribute__((warn_unused_result));
bool message_to_route(const Skink__Control__Route *m, struct net_route *r)
    __attribute__((warn_unused_result));

/* Into its place in the tables, whose links are known. */
bool message_to_impair(const Skink__Control__Impair *m,
                       struct conf_tables *tables)
    __attribute__((warn_unused_result));

#endif
