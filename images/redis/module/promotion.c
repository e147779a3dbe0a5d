#include "promotion.h"

#include <string.h>

/* In ms. The leader of a failover sees its success within 1 s and says so at once; after 8 s of a role that they do not expect, Sentinels
 * that have heard nothing are right to undo it: then the leader has died. */
#define YOUNG 5000

static char followed[256]; /* a host name; empty: none */
static long long settled;  /* when the promotion is no longer young */

void promotion_begins(Ctx *ctx) {
  Reply *role = RedisCall(ctx, "ROLE", "");
  size_t length = 0;
  Reply *host = role ? RedisCallReplyArrayElement(role, 1) : NULL; /* of a replica: the master */
  const char *text = host ? RedisCallReplyStringPtr(host, &length) : NULL;
  if (!text || length >= sizeof(followed)) length = 0;
  if (length) memcpy(followed, text, length);
  followed[length] = 0;
  if (role) RedisFreeCallReply(role);
}

void promotion_done(long long boot_now) { settled = boot_now + YOUNG; }

int promotion_undone_by(const char *host, size_t length, long long boot_now) {
  return boot_now < settled && length && length == strlen(followed) && !memcmp(host, followed, length);
}
