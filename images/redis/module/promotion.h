/* What a stale Sentinel may do to a master that was just promoted. A Sentinel that has seen this server as a master before, some failovers
 * ago, and asks it again in the second before it hears of the new promotion, takes it for a replica that lost its way, and sends it
 * back to the old master. The other Sentinels then name a replica as master, and nobody takes writes for over 20 s. */
#ifndef PROMOTION_H
#define PROMOTION_H

#include "redismodule.h"

/* This server is told to be a master: remembers whom it has followed until now. */
void promotion_begins(Ctx *ctx);
/* It is one, at boot_now in ms. */
void promotion_done(long long boot_now);
/* Whether to follow this host would undo the promotion, which is too young for everybody to have heard of it. */
int promotion_undone_by(const char *host, size_t length, long long boot_now);

#endif
