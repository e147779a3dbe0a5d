#include "served.h"

#include <stdlib.h>

void served_add(struct served *s, uint64_t client) {
  if (s->count && s->clients[s->count - 1] == client) return;
  if (s->count == s->room) {
    s->room = s->room ? 2 * s->room : 64;
    s->clients = realloc(s->clients, s->room * sizeof(*s->clients));
    if (!s->clients) abort();
  }
  s->clients[s->count++] = client;
}

void served_clear(struct served *s) { s->count = 0; }
