#include "redismodule.h"

#define DEFINE(type, name, arguments) type(*Redis##name) arguments;
FUNCTIONS(DEFINE)

int resolve_functions(Ctx *ctx) {
  /* The first word behind a context is the function that finds the others. */
  int (*find)(const char *, void *) = (int (*)(const char *, void *))((void **)ctx)[0];
#define RESOLVE(type, name, arguments) \
  if (find("RedisModule_" #name, (void *)&Redis##name) != OK) return ERR;
  FUNCTIONS(RESOLVE)
  return OK;
}
