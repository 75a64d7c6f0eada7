/* SPDX-License-Identifier: MIT */
/* A recursive descent over a handful of words, into a program of a few steps that
 * is run backwards: each step has a test, or combines what later ones gave.
 *
 *     or    = and { "or" and }
 *     and   = not { [ "and" ] not }
 *     not   = { "not" | "!" } ( "(" or ")" | condition ) */
#include "ctl/conn_filter.h"

#include "base/bits.h"
#include "proto/shm/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORDS_MAX 128
#define WORD_MAX  32 /* bytes: 255.255.255.255/32:65535 has 24 */
#define NODES_MAX 128
#define DEPTH_MAX 32

#define HOST_HELP                                                              \
    "after 'src' and 'dst' stands ADDR, ADDR/LEN, ADDR:PORT or *:PORT"

enum kind { ALL, AND, OR, NOT, STATE, PORT, HOST };
enum relation { EQ, NE, LT, GT, LE, GE };

struct node {
    enum kind kind;
    int left, right; /* AND, OR, NOT */
    bool remote;     /* PORT, HOST: which end */
    uint32_t states; /* STATE: a bit each */
    enum relation relation;
    uint16_t port; /* PORT; HOST: 0: any */
    struct addr addr;
    uint32_t prefix_len;
};

struct conn_filter {
    struct node nodes[NODES_MAX];
    int count, top;
    bool names_states;
};

struct parser {
    struct conn_filter filter;
    char words[WORDS_MAX][WORD_MAX];
    size_t count, at;
    int depth;
    const char *wrong;
};

/* ---- words ---- */

/* What a word may be made of; a parenthesis stands alone, and so does "not". */
enum letter { SPACE, PARENTHESIS, SIGN, OTHER };

static enum letter
letter_of(char c)
{
    if (c == '\0' || strchr(" \t\n", c) != NULL)
        return SPACE;
    if (strchr("()", c) != NULL)
        return PARENTHESIS;
    return strchr("=<>!&|", c) != NULL ? SIGN : OTHER;
}

/* Takes the word at `text` over; returns how long it is. */
static size_t
take_word(struct parser *p, const char *text)
{
    enum letter kind = letter_of(*text);
    size_t len = 1;

    if (*text == '!' && text[1] != '=')
        kind = PARENTHESIS;
    while (kind != PARENTHESIS && letter_of(text[len]) == kind)
        len++;
    if (p->count == WORDS_MAX)
        p->wrong = "the filter has too many words";
    else if (len >= sizeof p->words[0])
        p->wrong = "the filter has a word that is too long";
    else
        memcpy(p->words[p->count++], text, len);
    return len;
}

static void
split(struct parser *p, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *c = words[i];

        while (*c != '\0' && p->wrong == NULL)
            c += letter_of(*c) == SPACE ? 1 : take_word(p, c);
    }
}

static const char *
peek(const struct parser *p)
{
    return p->at < p->count ? p->words[p->at] : "";
}

static bool
accept(struct parser *p, const char *word)
{
    if (strcasecmp(peek(p), word) != 0)
        return false;
    p->at++;
    return true;
}

static int
add(struct parser *p, const struct node *n)
{
    if (p->filter.count == NODES_MAX) {
        p->wrong = "the filter has too many conditions";
        return 0;
    }
    p->filter.nodes[p->filter.count] = *n;
    return p->filter.count++;
}

/* ---- conditions ---- */

static uint32_t
bit(enum view_state s)
{
    return UINT32_C(1) << s;
}

static const uint32_t every = (UINT32_C(1) << (VIEW_TIME_WAIT + 1)) - 1;

static uint32_t
states_named(const char *name)
{
    const struct {
        const char *name;
        uint32_t states;
    } known[] = {
        {"established", bit(VIEW_ESTABLISHED)},
        {"syn-sent", bit(VIEW_SYN_SENT)},
        {"syn-recv", bit(VIEW_SYN_RECEIVED)},
        {"fin-wait-1", bit(VIEW_FIN_WAIT_1)},
        {"fin-wait-2", bit(VIEW_FIN_WAIT_2)},
        {"time-wait", bit(VIEW_TIME_WAIT)},
        {"closed", bit(VIEW_CLOSED)},
        {"close-wait", bit(VIEW_CLOSE_WAIT)},
        {"last-ack", bit(VIEW_LAST_ACK)},
        {"listening", bit(VIEW_LISTEN)},
        {"listen", bit(VIEW_LISTEN)},
        {"closing", bit(VIEW_CLOSING)},
        {"all", every},
        {"connected", every & ~(bit(VIEW_LISTEN) | bit(VIEW_CLOSED))},
        {"synchronized",
         every & ~(bit(VIEW_LISTEN) | bit(VIEW_CLOSED) | bit(VIEW_SYN_SENT))},
        {"bucket", bit(VIEW_TIME_WAIT) | bit(VIEW_SYN_RECEIVED)},
        {"big", every & ~(bit(VIEW_TIME_WAIT) | bit(VIEW_SYN_RECEIVED))},
    };

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strcasecmp(known[i].name, name) == 0)
            return known[i].states;
    }
    return 0;
}

static int
parse_state(struct parser *p)
{
    struct node n = {.kind = STATE, .states = states_named(peek(p))};

    if (n.states == 0)
        p->wrong = "after 'state' stands established, listening, time-wait, "
                   "connected, all, ...";
    p->at++;
    p->filter.names_states = true;
    return add(p, &n);
}

/* Digits and nothing else, up to `most`. */
static bool
take_number(const char *text, unsigned long most, uint32_t *out)
{
    unsigned long n = strtoul(text, NULL, 10);

    *out = (uint32_t)n;
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0' &&
           n <= most;
}

static bool
take_port(const char *text, uint16_t *port)
{
    uint32_t n;
    bool good = take_number(*text == ':' ? text + 1 : text, UINT16_MAX, &n);

    *port = (uint16_t)n;
    return good;
}

static enum relation
take_relation(struct parser *p)
{
    static const struct {
        const char *sign;
        enum relation relation;
    } known[] = {{"=", EQ},   {"==", EQ},  {"eq", EQ}, {"!=", NE},
                 {"ne", NE},  {"neq", NE}, {"<=", LE}, {"le", LE},
                 {"leq", LE}, {">=", GE},  {"ge", GE}, {"geq", GE},
                 {"<", LT},   {"lt", LT},  {">", GT},  {"gt", GT}};

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (accept(p, known[i].sign))
            return known[i].relation;
    }
    return EQ;
}

static int
parse_port(struct parser *p, bool remote)
{
    struct node n = {.kind = PORT, .remote = remote};

    n.relation = take_relation(p);
    if (!take_port(peek(p), &n.port))
        p->wrong = "after 'sport' and 'dport' stands a port, 0 to 65535";
    p->at++;
    return add(p, &n);
}

/* Ends `text` before the first `mark`; what stands behind it, or NULL. */
static char *
cut(char *text, char mark)
{
    char *at = strchr(text, mark);

    if (at == NULL)
        return NULL;
    *at = '\0';
    return at + 1;
}

static int
parse_host(struct parser *p, bool remote)
{
    struct node n = {.kind = HOST, .remote = remote, .prefix_len = 32};
    char host[WORD_MAX], *port, *len;

    if (!accept(p, "="))
        accept(p, "==");
    snprintf(host, sizeof host, "%s", peek(p));
    p->at++;
    port = cut(host, ':');
    len = cut(host, '/');
    if (strcmp(host, "*") == 0 && len == NULL)
        n.prefix_len = 0;
    else if (!addr_parse_v4(host, &n.addr) ||
             (len != NULL && !take_number(len, 32, &n.prefix_len)))
        p->wrong = HOST_HELP;
    if (port != NULL && !take_port(port, &n.port))
        p->wrong = HOST_HELP;
    return add(p, &n);
}

/* ---- grammar ---- */

static int parse_or(struct parser *p);

static int
parse_condition(struct parser *p)
{
    int inner;

    if (accept(p, "(")) {
        inner = parse_or(p);
        if (!accept(p, ")") && p->wrong == NULL)
            p->wrong = "a parenthesis is not closed";
        return inner;
    }
    if (accept(p, "state"))
        return parse_state(p);
    if (accept(p, "sport"))
        return parse_port(p, false);
    if (accept(p, "dport"))
        return parse_port(p, true);
    if (accept(p, "src"))
        return parse_host(p, false);
    if (accept(p, "dst"))
        return parse_host(p, true);
    p->wrong = "a condition begins with state, sport, dport, src or dst";
    return 0;
}

static int
parse_not(struct parser *p)
{
    bool negated = false;
    int inner;

    while (accept(p, "not") || accept(p, "!"))
        negated = !negated;
    inner = parse_condition(p);
    if (!negated)
        return inner;
    return add(p, &(struct node){.kind = NOT, .left = inner});
}

static bool
is_or(const struct parser *p)
{
    return strcasecmp(peek(p), "or") == 0 || strcmp(peek(p), "|") == 0 ||
           strcmp(peek(p), "||") == 0;
}

static int
parse_and(struct parser *p)
{
    int left = parse_not(p);

    while (p->wrong == NULL && p->at < p->count && !is_or(p) &&
           strcmp(peek(p), ")") != 0) {
        int right;

        if (!accept(p, "and") && !accept(p, "&"))
            accept(p, "&&");
        right = parse_not(p);
        left =
            add(p, &(struct node){.kind = AND, .left = left, .right = right});
    }
    return left;
}

static int
parse_or(struct parser *p)
{
    int left;

    if (++p->depth > DEPTH_MAX) {
        p->wrong = "the parentheses are too deep";
        return 0;
    }
    left = parse_and(p);
    while (p->wrong == NULL && is_or(p)) {
        int right;

        p->at++;
        right = parse_and(p);
        left = add(p, &(struct node){.kind = OR, .left = left, .right = right});
    }
    p->depth--;
    return left;
}

const struct conn_filter *
conn_filter_parse(const char *const *words, size_t count, const char **wrong)
{
    static struct parser p;

    p = (struct parser){.wrong = NULL};
    split(&p, words, count);
    if (p.wrong == NULL && p.count == 0)
        p.filter.top = add(&p, &(struct node){.kind = ALL});
    else if (p.wrong == NULL)
        p.filter.top = parse_or(&p);
    if (p.wrong == NULL && p.at < p.count)
        p.wrong = "something stands behind its end";
    *wrong = p.wrong;
    return p.wrong == NULL ? &p.filter : NULL;
}

/* ---- running it ---- */

static bool
holds(enum relation r, uint32_t a, uint32_t b)
{
    switch (r) {
    case EQ:
        return a == b;
    case NE:
        return a != b;
    case LT:
        return a < b;
    case GT:
        return a > b;
    case LE:
        return a <= b;
    case GE:
        return a >= b;
    }
    return false;
}

static bool
in_network(struct addr a, const struct node *n)
{
    uint32_t mask =
        n->prefix_len == 0 ? 0 : ~UINT32_C(0) << (32 - n->prefix_len);

    return ((addr_to_v4(a) ^ addr_to_v4(n->addr)) & mask) == 0;
}

static bool
passes(const struct conn_filter *f, int i, const struct conn_ends *c)
{
    const struct node *n = &f->nodes[i];
    uint16_t port = n->remote ? c->remote_port : c->local_port;

    switch (n->kind) {
    case ALL:
        return true;
    case AND:
        return passes(f, n->left, c) && passes(f, n->right, c);
    case OR:
        return passes(f, n->left, c) || passes(f, n->right, c);
    case NOT:
        return !passes(f, n->left, c);
    case STATE:
        return c->state <= VIEW_TIME_WAIT && (n->states >> c->state & 1) != 0;
    case PORT:
        return holds(n->relation, port, n->port);
    case HOST:
        return in_network(n->remote ? c->remote : c->local, n) &&
               (n->port == 0 || n->port == port);
    }
    return false;
}

bool
conn_filter_passes(const struct conn_filter *f, const struct conn_ends *c)
{
    return passes(f, f->top, c);
}

bool
conn_filter_names_states(const struct conn_filter *f)
{
    return f->names_states;
}
