/* The fence: min-replicas-to-write beyond reach. Redis then refuses by its own check, before anything is executed, exactly what it refuses
 * without enough replicas (-NOREPLICAS): writes, scripts and functions that may write, transactions with a write. */
#ifndef FENCE_H
#define FENCE_H

#include "redismodule.h"

/* Puts it up or takes it down, if it is not so already. Aborts the server if it cannot be put up: better no master than two. */
void fence_set(Ctx *ctx, int up);
int fence_is_up(void);
/* It is being moved: what passes through Redis now is our own. */
int fence_is_moving(void);
/* How often it was put up. */
long long fence_count(void);
/* Somebody has set min-replicas-to-write: that is its value for later, and the fence stays up. */
void fence_on_config(Ctx *ctx, const ConfigChange *change);

#endif
