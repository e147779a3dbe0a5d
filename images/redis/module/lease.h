/* The arithmetic of the lease, without Redis and without a clock of its own. All times are in ms: `boot` on CLOCK_BOOTTIME, which goes on
 * while the machine sleeps and is never set, and `real` on CLOCK_REALTIME, by which Sentinels measure: where that one is set
 * forward their patience becomes shorter, and so must the lease. */
#ifndef LEASE_H
#define LEASE_H

/* How far ahead a lease may end: a mistaken unit must not become a lease for a century. */
#define LEASE_LONGEST 60000

struct lease {
  long long boot; /* valid before this; 0: none */
  long long real; /* and before this */
  int hold;       /* takes no lease until this is over */
};

enum lease_answer { LEASE_TAKEN, LEASE_OLD, LEASE_HELD, LEASE_TOO_FAR };

int lease_valid(const struct lease *, long long boot_now);
/* How long it is still valid; 0 if it is not. */
long long lease_left(const struct lease *, long long boot_now);
/* Only ever extends: an older deadline (LEASE_OLD) is as true as the newer one, and changes nothing. */
enum lease_answer lease_extend(struct lease *, long long boot, long long real, long long boot_now);
/* Ends the lease if the wall clock has reached its end. */
void lease_look_at_wall_clock(struct lease *, long long real_now);
void lease_end(struct lease *);
/* The role has changed: nothing of before counts. */
void lease_reset(struct lease *);

#endif
