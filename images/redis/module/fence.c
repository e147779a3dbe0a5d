#include "fence.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char setting[] = "min-replicas-to-write", beyond_reach[] = "1000000";

static int up, moving;
static long long count;
static char declared[24] = "0"; /* the setting's value without the fence */

static int set(Ctx *ctx, const char *value) {
  Reply *reply = RedisCall(ctx, "CONFIG", "ccc", "SET", setting, value);
  int failed = !reply || RedisCallReplyType(reply) == REPLY_ERROR;
  if (reply) RedisFreeCallReply(reply);
  return failed ? ERR : OK;
}

static int remember(Ctx *ctx) {
  Reply *reply = RedisCall(ctx, "CONFIG", "cc", "GET", setting);
  Reply *value = reply ? RedisCallReplyArrayElement(reply, 1) : NULL;
  size_t length = 0;
  const char *text = value ? RedisCallReplyStringPtr(value, &length) : NULL;
  int fits = text && length < sizeof(declared);
  if (fits) {
    memcpy(declared, text, length);
    declared[length] = 0;
  }
  if (reply) RedisFreeCallReply(reply);
  return fits ? OK : ERR;
}

static void put_up(Ctx *ctx) {
  if (remember(ctx) != OK || set(ctx, beyond_reach) != OK) {
    RedisLog(ctx, "warning", "cannot set %s, so writes could not be refused: ending", setting);
    abort();
  }
}

void fence_set(Ctx *ctx, int wanted) {
  if (moving || up == wanted) return;
  moving = 1;
  if (wanted) {
    put_up(ctx);
    count++;
    up = 1;
  } else if (set(ctx, declared) == OK) {
    up = 0;
  } else {
    RedisLog(ctx, "warning", "cannot set %s back to %s: writes stay refused", setting, declared);
  }
  moving = 0;
}

int fence_is_up(void) { return up; }
int fence_is_moving(void) { return moving; }
long long fence_count(void) { return count; }

void fence_on_config(Ctx *ctx, const ConfigChange *change) {
  if (moving || !up) return;
  for (uint32_t i = 0; i < change->count; i++) {
    if (strcasecmp(change->names[i], setting) && strcasecmp(change->names[i], "min-slaves-to-write")) continue;
    moving = 1;
    put_up(ctx);
    moving = 0;
    return;
  }
}
