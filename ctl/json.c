/* SPDX-License-Identifier: MIT */
/* RFC 8259, as much of it as printing takes. */
#include "ctl/json.h"

#include <inttypes.h>

static void
quoted(struct json *j, const char *text)
{
    fputc('"', j->out);
    for (const char *c = text; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;

        if (byte == '"' || byte == '\\')
            fprintf(j->out, "\\%c", byte);
        else if (byte < ' ' || byte > '~') /* foreign bytes may not be UTF-8 */
            fprintf(j->out, "\\u%04x", byte);
        else
            fputc(byte, j->out);
    }
    fputc('"', j->out);
}

static void
lead_in(struct json *j, const char *name)
{
    if (j->comma)
        fputc(',', j->out);
    j->comma = true;
    if (name != NULL) {
        quoted(j, name);
        fputc(':', j->out);
    }
}

void
json_begin(struct json *j, const char *name, char bracket)
{
    lead_in(j, name);
    fputc(bracket, j->out);
    j->comma = false;
}

void
json_end(struct json *j, char bracket)
{
    fputc(bracket, j->out);
    j->comma = true;
}

void
json_text(struct json *j, const char *name, const char *value)
{
    lead_in(j, name);
    if (value == NULL)
        fputs("null", j->out);
    else
        quoted(j, value);
}

void
json_number(struct json *j, const char *name, uint64_t value)
{
    lead_in(j, name);
    fprintf(j->out, "%" PRIu64, value);
}

void
json_decimal(struct json *j, const char *name, double value)
{
    lead_in(j, name);
    fprintf(j->out, "%.3f", value);
}
