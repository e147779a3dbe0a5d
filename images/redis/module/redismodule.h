/* What rplease uses of Redis' binary interface for modules (API version 1, Redis 7.2 and later), declared by ourselves. Redis hands a
 * module one function, which finds the others by name: FUNCTIONS lists them, and each becomes a pointer called Redis<Name>. */
#ifndef REDISMODULE_H
#define REDISMODULE_H

#include <stddef.h>
#include <stdint.h>

typedef struct Ctx Ctx;
typedef struct Str Str;
typedef struct Reply Reply;
typedef struct Command Command;
typedef struct Filter Filter;
typedef struct FilterCtx FilterCtx;
typedef struct InfoCtx InfoCtx;
typedef struct {
  uint64_t id, version;
} Event;
typedef void (*OnEvent)(Ctx *, Event, uint64_t sub, void *data);
typedef int (*OnCommand)(Ctx *, Str **argv, int argc);

enum { OK = 0, ERR = 1, API_VERSION = 1 };
/* Of GetContextFlags. */
enum { IN_SCRIPT = 1 << 0, IS_MASTER = 1 << 2, IS_LOADING = 1 << 13 };
/* Server events, each with the one sub-event that counts here. */
enum { ROLE_CHANGED = 0, NOW_MASTER = 0, EVENT_LOOP = 15, BEFORE_SLEEP = 0, CONFIG_CHANGED = 16 };
/* Of CallReplyType. */
enum { REPLY_ERROR = 1 };
/* The data of CONFIG_CHANGED. */
typedef struct {
  uint64_t version;
  uint32_t count;
  const char **names;
} ConfigChange;

#define FUNCTIONS(F) \
  F(void, SetModuleAttribs, (Ctx *, const char *name, int version, int api)) \
  F(int, CreateCommand, (Ctx *, const char *name, OnCommand, const char *flags, int first, int last, int step)) \
  F(Command *, GetCommand, (Ctx *, const char *name)) \
  F(int, SetCommandACLCategories, (Command *, const char *)) \
  F(Filter *, RegisterCommandFilter, (Ctx *, void (*)(FilterCtx *), int flags)) \
  F(int, CommandFilterArgsCount, (FilterCtx *)) \
  F(Str *, CommandFilterArgGet, (FilterCtx *, int)) \
  F(int, CommandFilterArgReplace, (FilterCtx *, int, Str *)) \
  F(unsigned long long, CommandFilterGetClientId, (FilterCtx *)) \
  F(const char *, StringPtrLen, (const Str *, size_t *)) \
  F(int, StringToLongLong, (const Str *, long long *)) \
  F(Str *, CreateString, (Ctx *, const char *, size_t)) \
  F(int, WrongArity, (Ctx *)) \
  F(int, ReplyWithSimpleString, (Ctx *, const char *)) \
  F(int, ReplyWithError, (Ctx *, const char *)) \
  F(Reply *, Call, (Ctx *, const char *command, const char *format, ...)) \
  F(void, FreeCallReply, (Reply *)) \
  F(Reply *, CallReplyArrayElement, (Reply *, size_t)) \
  F(const char *, CallReplyStringPtr, (Reply *, size_t *)) \
  F(int, CallReplyType, (Reply *)) \
  F(Ctx *, GetDetachedThreadSafeContext, (Ctx *)) \
  F(int, GetContextFlags, (Ctx *)) \
  F(int, SubscribeToServerEvent, (Ctx *, Event, OnEvent)) \
  F(int, DeauthenticateAndCloseClient, (Ctx *, uint64_t id)) \
  F(int, RegisterInfoFunc, (Ctx *, void (*)(InfoCtx *, int crashed))) \
  F(int, InfoAddSection, (InfoCtx *, const char *)) \
  F(int, InfoAddFieldLongLong, (InfoCtx *, const char *, long long)) \
  F(void, Log, (Ctx *, const char *level, const char *format, ...))

#define DECLARE(type, name, arguments) extern type(*Redis##name) arguments;
FUNCTIONS(DECLARE)
#undef DECLARE

/* Finds all functions; ERR if this Redis lacks one. */
int resolve_functions(Ctx *ctx);

#endif
