/* The clients whose commands ran in this turn of the event loop, under the lease: their replies have not left yet. */
#ifndef SERVED_H
#define SERVED_H

#include <stddef.h>
#include <stdint.h>

struct served {
  uint64_t *clients;
  size_t count, room;
};

/* A client that sends a pipeline is noted once. Aborts without memory, as Redis does. */
void served_add(struct served *, uint64_t client);
void served_clear(struct served *);

#endif
