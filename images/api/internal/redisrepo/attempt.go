package redisrepo

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"

	"redis-platform/api/internal/items"
	"redis-platform/api/internal/logging"
)

const (
	firstPause = 20 * time.Millisecond
	maxPause   = 150 * time.Millisecond
	// leastAttempt is what an answer takes at most on a machine that is not hung. An attempt that begins later could only end in doubt: sent,
	// perhaps, and cut off by the budget.
	leastAttempt = 25 * time.Millisecond
)

// kind is what may be done when an answer was lost.
type kind int

const (
	// read: ask again; nothing can have happened.
	read kind = iota
	// single is a write that must not run twice: OutcomeUnknown at once, because an increment would count double, and
	// a repeated PUT could undo a write of somebody else that came in between.
	single
	// repeatable is a write that Redis itself keeps from running twice: ask again, and from then on a failure is
	// OutcomeUnknown.
	repeatable
)

// attempt repeats ask until it succeeds, is refused for good, or the budget is spent.
func (r *Repository) attempt(ctx context.Context, kind kind, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, r.budget)
	defer cancel()
	doubt := false
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		err := ask(ctx)
		if err == nil || errors.Is(err, redis.Nil) {
			return err
		}
		judged := judge(err)
		if judged == final && !doubt {
			return translate(err)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			err = r.dialer.explain(err)
		}
		r.dialer.refresh()
		doubt = doubt || judged == ambiguous && kind != read
		if judged == final || doubt && kind == single || !sleep(ctx, pause) {
			if doubt {
				r.unconfirmed.Inc()
			}
			return &items.UnavailableError{OutcomeUnknown: doubt, Cause: logging.DiscreetError{Cause: err}}
		}
		r.retries.Inc()
	}
}

// sleep waits for 50-100 % of pause, so that many requests do not knock in step; false means that the budget has no room for
// another attempt.
func sleep(ctx context.Context, pause time.Duration) bool {
	wait := pause/2 + rand.N(pause/2)
	if deadline, limited := ctx.Deadline(); limited && time.Until(deadline) < wait+leastAttempt {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// translate names the refusals that the layers above know; any other is a defect.
func translate(err error) error {
	switch {
	case redis.HasErrorPrefix(err, "OOM "):
		return items.ErrOutOfMemory
	case redis.HasErrorPrefix(err, "increment or decrement would overflow"):
		return items.ErrCounterRange
	default:
		return logging.DiscreetError{Cause: err}
	}
}
