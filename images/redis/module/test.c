/* Tests of what needs no Redis: cc test.c lease.c served.c && ./a.out */
#include <stdio.h>
#include <stdlib.h>

#include "lease.h"
#include "served.h"

static int failures;
#define CHECK(claim) \
  do { \
    if (!(claim)) { \
      printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #claim); \
      failures++; \
    } \
  } while (0)

static void a_lease_ends_at_its_deadline(void) {
  struct lease l = {0};
  CHECK(!lease_valid(&l, 0));
  CHECK(lease_extend(&l, 1000, 5000, 0) == LEASE_TAKEN);
  CHECK(lease_valid(&l, 999) && lease_left(&l, 999) == 1);
  CHECK(!lease_valid(&l, 1000) && lease_left(&l, 1000) == 0 && lease_left(&l, 5000) == 0);
}

static void a_lease_only_grows(void) {
  struct lease l = {0};
  lease_extend(&l, 1000, 5000, 0);
  CHECK(lease_extend(&l, 900, 9000, 0) == LEASE_OLD && l.boot == 1000 && l.real == 5000);
  CHECK(lease_extend(&l, 1000, 9000, 0) == LEASE_OLD && l.real == 5000);
  CHECK(lease_extend(&l, 1001, 4000, 0) == LEASE_TAKEN && l.boot == 1001 && l.real == 4000);
}

static void an_extension_that_comes_late_grants_nothing(void) {
  struct lease l = {0};
  CHECK(lease_extend(&l, 1000, 5000, 2000) == LEASE_TAKEN);
  CHECK(!lease_valid(&l, 2000));
}

static void a_lease_for_long_is_a_mistake(void) {
  struct lease l = {0};
  CHECK(lease_extend(&l, 10 + LEASE_LONGEST, 0, 10) == LEASE_TAKEN);
  CHECK(lease_extend(&l, 11 + LEASE_LONGEST, 0, 10) == LEASE_TOO_FAR && l.boot == 10 + LEASE_LONGEST);
}

static void the_wall_clock_ends_it_too(void) {
  struct lease l = {0};
  lease_look_at_wall_clock(&l, 1); /* none: nothing to end */
  lease_extend(&l, 1000, 5000, 0);
  lease_look_at_wall_clock(&l, 4999);
  CHECK(lease_valid(&l, 500));
  lease_look_at_wall_clock(&l, 5000);
  CHECK(!lease_valid(&l, 500));
}

static void held_it_takes_nothing(void) {
  struct lease l = {.hold = 1};
  CHECK(lease_extend(&l, 1000, 5000, 0) == LEASE_HELD && !lease_valid(&l, 0));
  lease_end(&l);
  CHECK(l.hold);
  lease_reset(&l);
  CHECK(!l.hold && lease_extend(&l, 1000, 5000, 0) == LEASE_TAKEN);
}

/* Whatever comes in whatever order: it is valid at a moment only if an extension beyond it was taken, and nothing has ended it since. */
static void no_order_of_events_makes_it_valid_without_an_extension(void) {
  srand(1);
  for (int run = 0; run < 20000; run++) {
    struct lease l = {0};
    long long now = 1000, best = 0, best_real = 0;
    int hold = 0;
    for (int i = 0; i < 20; i++) {
      now += rand() % 300;
      long long boot = now - 500 + rand() % 1500, real = now - 500 + rand() % 1500;
      switch (rand() % 6) {
        case 0:
        case 1:
          lease_extend(&l, boot, real, now);
          if (!hold && boot > best) best = boot, best_real = real;
          break;
        case 2:
          lease_end(&l);
          best = 0;
          break;
        case 3:
          lease_look_at_wall_clock(&l, real);
          if (real >= best_real) best = 0;
          break;
        case 4: l.hold = hold = 1; break;
        case 5:
          lease_reset(&l);
          best = hold = 0;
          break;
      }
      if (lease_valid(&l, now) != (now < best)) {
        CHECK(!"the lease differs from its model");
        return;
      }
    }
  }
}

static void a_client_is_noted_once_for_a_pipeline_and_all_are_kept(void) {
  struct served s = {0};
  served_add(&s, 7);
  served_add(&s, 7);
  CHECK(s.count == 1);
  for (uint64_t id = 0; id < 1000; id++) served_add(&s, id);
  CHECK(s.count == 1001 && s.clients[1] == 0 && s.clients[1000] == 999);
  served_clear(&s);
  CHECK(s.count == 0);
  served_add(&s, 5);
  CHECK(s.count == 1 && s.clients[0] == 5);
  free(s.clients);
}

int main(void) {
  a_lease_ends_at_its_deadline();
  a_lease_only_grows();
  an_extension_that_comes_late_grants_nothing();
  a_lease_for_long_is_a_mistake();
  the_wall_clock_ends_it_too();
  held_it_takes_nothing();
  no_order_of_events_makes_it_valid_without_an_extension();
  a_client_is_noted_once_for_a_pipeline_and_all_are_kept();
  printf(failures ? "%d failures\n" : "module: ok\n", failures);
  return failures != 0;
}
