/* rplease: a Redis master may confirm writes only while it holds a lease, which its supervisor earns from the Sentinels.
 *
 *   RP.LEASE <boot ms> <real ms>  valid until CLOCK_BOOTTIME and CLOCK_REALTIME have reached these; only extends
 *   RP.FENCE [HOLD]               ends it; HOLD: and takes none until RP.UNFENCE, or until this server is a replica
 *   RP.UNFENCE                    ends HOLD
 *   INFO rplease                  what is now, and how often what has happened
 *
 * A master without a valid lease
 *  1. refuses writes, see fence.h;
 *  2. takes no acknowledgement from replicas, so that WAIT and WAITAOF count only what was acknowledged under the lease. This, not the
 *     refusal, is what protects WAIT: after a freeze, replicas are still attached and acknowledge what will be thrown away;
 *  3. closes the connections whose commands ran in the turn of the event loop in which the lease ended, before their replies leave.
 * One with a lease follows nobody, nor does one that was just promoted go back to its old master: no failover has decided so.
 * Replicas are not concerned. All of it runs in Redis' main thread: with io-threads above 1, acknowledgements would be read elsewhere. */
#include <string.h>
#include <strings.h>
#include <time.h>

#include "fence.h"
#include "lease.h"
#include "promotion.h"
#include "redismodule.h"
#include "served.h"

static Ctx *own; /* for what happens outside of commands */
static int master;
static struct lease lease;
static struct served served;
static long long extensions, acks_ignored, clients_dropped, demotions_refused;

static long long milliseconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}
static long long boot_now(void) { return milliseconds(CLOCK_BOOTTIME); }
static int valid(void) { return lease_valid(&lease, boot_now()); }

static int is(FilterCtx *f, int index, const char *word) {
  size_t length;
  const char *text = RedisStringPtrLen(RedisCommandFilterArgGet(f, index), &length);
  return length == strlen(word) && !strncasecmp(text, word, length);
}

/* REPLCONF ACK <offset> [FACK <offset>]: with 0, the replica counts as alive and its offsets stay where they are. */
static void ignore_offsets(FilterCtx *f) {
  for (int i = 2; i < RedisCommandFilterArgsCount(f); i += 2) RedisCommandFilterArgReplace(f, i, RedisCreateString(NULL, "0", 1));
  acks_ignored++;
}

/* REPLICAOF <host> <port>, or NO ONE. Refused as a command that nobody knows, for that fails a whole transaction, as Sentinels send it. */
static void on_replicaof(FilterCtx *f) {
  static const char refused[] = "REPLICAOF-OF-A-MASTER-WITH-A-LEASE";
  size_t length;
  const char *host = RedisStringPtrLen(RedisCommandFilterArgGet(f, 1), &length);
  int promotes = is(f, 1, "no") && is(f, 2, "one");
  if (!master && promotes) promotion_begins(own);
  if (!master || promotes || lease.hold || !(valid() || promotion_undone_by(host, length, boot_now()))) return;
  demotions_refused++;
  RedisLog(own, "warning", "refused to follow %.*s: no failover has decided so", (int)length, host);
  RedisCommandFilterArgReplace(f, 0, RedisCreateString(NULL, refused, sizeof(refused) - 1));
}

/* Before each command, whoever sends it. The time is read each time: a process may have been frozen between any two commands. */
static void on_command(FilterCtx *f) {
  if (RedisCommandFilterArgsCount(f) == 3 && (is(f, 0, "slaveof") || is(f, 0, "replicaof"))) on_replicaof(f);
  if (!master || fence_is_moving()) return;
  int replconf = is(f, 0, "replconf");
  if (valid()) {
    fence_set(own, 0);
    if (!replconf && !is(f, 0, "psync")) served_add(&served, RedisCommandFilterGetClientId(f));
    return;
  }
  /* A script is not cut in two; its client is closed before the reply. */
  if (!fence_is_up() && !(RedisGetContextFlags(own) & (IN_SCRIPT | IS_LOADING))) fence_set(own, 1);
  if (replconf && RedisCommandFilterArgsCount(f) >= 3 && is(f, 1, "ack")) ignore_offsets(f);
}

static void on_loop(Ctx *ctx, Event event, uint64_t sub, void *data) {
  (void)event, (void)data;
  lease_look_at_wall_clock(&lease, milliseconds(CLOCK_REALTIME));
  if (sub != BEFORE_SLEEP || !served.count) return;
  if (master && !valid()) {
    for (size_t i = 0; i < served.count; i++)
      if (RedisDeauthenticateAndCloseClient(ctx, served.clients[i]) == OK) clients_dropped++;
    fence_set(own, 1);
  }
  served_clear(&served);
}

static void on_role(Ctx *ctx, Event event, uint64_t sub, void *data) {
  (void)ctx, (void)event, (void)data;
  lease_reset(&lease);
  served_clear(&served);
  master = sub == NOW_MASTER;
  if (master) promotion_done(boot_now());
  else fence_set(own, 0);
}

static void on_config(Ctx *ctx, Event event, uint64_t sub, void *data) {
  (void)ctx, (void)event, (void)sub;
  fence_on_config(own, data);
}

static int run_lease(Ctx *ctx, Str **argv, int argc) {
  long long boot, real;
  if (argc != 3) return RedisWrongArity(ctx);
  if (RedisStringToLongLong(argv[1], &boot) != OK || RedisStringToLongLong(argv[2], &real) != OK)
    return RedisReplyWithError(ctx, "ERR expected two times in milliseconds");
  if (!master) return RedisReplyWithError(ctx, "REPLICA only a master holds a lease");
  switch (lease_extend(&lease, boot, real, boot_now())) {
    case LEASE_HELD: return RedisReplyWithError(ctx, "HELD RP.FENCE HOLD is in force");
    case LEASE_TOO_FAR: return RedisReplyWithError(ctx, "ERR the lease would end more than 60 s ahead: expected the end on CLOCK_BOOTTIME in ms");
    case LEASE_TAKEN: extensions++; break;
    case LEASE_OLD: break;
  }
  if (valid()) fence_set(own, 0);
  return RedisReplyWithSimpleString(ctx, "OK");
}

static int run_fence(Ctx *ctx, Str **argv, int argc) {
  if (argc > 2) return RedisWrongArity(ctx);
  if (argc == 2) {
    size_t length;
    const char *text = RedisStringPtrLen(argv[1], &length);
    if (length != 4 || strncasecmp(text, "hold", length)) return RedisReplyWithError(ctx, "ERR expected HOLD or nothing");
    lease.hold = master;
  }
  if (valid()) served_clear(&served); /* it was valid until now: these replies may leave */
  lease_end(&lease);
  if (master) fence_set(own, 1);
  return RedisReplyWithSimpleString(ctx, "OK");
}

static int run_unfence(Ctx *ctx, Str **argv, int argc) {
  (void)argv;
  if (argc != 1) return RedisWrongArity(ctx);
  lease.hold = 0;
  return RedisReplyWithSimpleString(ctx, "OK");
}

static void info(InfoCtx *ctx, int crashed) {
  (void)crashed;
  long long left = master ? lease_left(&lease, boot_now()) : 0;
  RedisInfoAddSection(ctx, "");
  RedisInfoAddFieldLongLong(ctx, "writable", left > 0);
  RedisInfoAddFieldLongLong(ctx, "remaining_ms", left);
  RedisInfoAddFieldLongLong(ctx, "hold", lease.hold);
  RedisInfoAddFieldLongLong(ctx, "extensions", extensions);
  RedisInfoAddFieldLongLong(ctx, "fences", fence_count());
  RedisInfoAddFieldLongLong(ctx, "acks_ignored", acks_ignored);
  RedisInfoAddFieldLongLong(ctx, "clients_dropped", clients_dropped);
  RedisInfoAddFieldLongLong(ctx, "demotions_refused", demotions_refused);
}

static int add_command(Ctx *ctx, const char *name, OnCommand run) {
  if (RedisCreateCommand(ctx, name, run, "admin deny-script fast", 0, 0, 0) != OK) return ERR;
  return RedisSetCommandACLCategories(RedisGetCommand(ctx, name), "admin dangerous"); /* the flag `admin` does not imply it */
}

__attribute__((visibility("default"))) int RedisModule_OnLoad(Ctx *ctx, Str **argv, int argc) {
  (void)argv, (void)argc;
  if (resolve_functions(ctx) != OK) return ERR;
  RedisSetModuleAttribs(ctx, "rplease", 1, API_VERSION);
  own = RedisGetDetachedThreadSafeContext(ctx);
  master = !!(RedisGetContextFlags(ctx) & IS_MASTER);
  int failed = add_command(ctx, "rp.lease", run_lease) != OK || add_command(ctx, "rp.fence", run_fence) != OK ||
               add_command(ctx, "rp.unfence", run_unfence) != OK || RedisRegisterInfoFunc(ctx, info) != OK ||
               RedisSubscribeToServerEvent(ctx, (Event){ROLE_CHANGED, 1}, on_role) != OK ||
               RedisSubscribeToServerEvent(ctx, (Event){EVENT_LOOP, 1}, on_loop) != OK ||
               RedisSubscribeToServerEvent(ctx, (Event){CONFIG_CHANGED, 1}, on_config) != OK || !RedisRegisterCommandFilter(ctx, on_command, 0);
  return failed ? ERR : OK;
}
