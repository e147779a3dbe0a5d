#include "lease.h"

int lease_valid(const struct lease *l, long long boot_now) { return boot_now < l->boot; }

long long lease_left(const struct lease *l, long long boot_now) { return lease_valid(l, boot_now) ? l->boot - boot_now : 0; }

enum lease_answer lease_extend(struct lease *l, long long boot, long long real, long long boot_now) {
  if (l->hold) return LEASE_HELD;
  if (boot > boot_now + LEASE_LONGEST) return LEASE_TOO_FAR;
  if (boot <= l->boot) return LEASE_OLD;
  l->boot = boot;
  l->real = real;
  return LEASE_TAKEN;
}

void lease_look_at_wall_clock(struct lease *l, long long real_now) {
  if (l->boot && real_now >= l->real) lease_end(l);
}

void lease_end(struct lease *l) { l->boot = l->real = 0; }

void lease_reset(struct lease *l) {
  lease_end(l);
  l->hold = 0;
}
