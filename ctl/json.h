/* SPDX-License-Identifier: MIT */
/* JSON on stdout, value by value. Names are our own and need no escaping; texts are
 * anybody's and get it. */
#ifndef CTL_JSON_H
#define CTL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
    FILE *out;
    bool comma; /* something stands before the next value */
};

/* `name` is NULL inside an array and for the outermost value. */
void json_begin(struct json *j, const char *name, char bracket); /* { or [ */
void json_end(struct json *j, char bracket);                     /* } or ] */
/* A value of NULL is null. */
void json_text(struct json *j, const char *name, const char *value);
void json_number(struct json *j, const char *name, uint64_t value);
void json_decimal(struct json *j, const char *name, double value);

#endif
