package redisrepo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"redis-platform/api/internal/items"
)

// unconfirmedError is a write that the master made and too few replicas confirmed.
type unconfirmedError struct {
	wanted int
	got    int64
	cause  error
}

func (e *unconfirmedError) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("the master wrote, and its word of %d replicas was lost: %v", e.wanted, e.cause)
	}
	return fmt.Sprintf("%d of %d replicas confirmed the write in time", e.got, e.wanted)
}

func (e *unconfirmedError) Unwrap() error { return e.cause }

// command is a write request: a script with its arguments.
type command struct {
	script *redis.Script
	keys   []string
	args   []any
	// once is given where the request may be sent again after its answer was lost.
	once items.IdempotencyKey
}

// write makes a write that `confirmations` replicas have. outcome is the word of the script, detail what follows it.
func (r *Repository) write(ctx context.Context, c command) (outcome, detail string, replayed bool, err error) {
	kind := single
	if c.once != "" {
		kind = repeatable
	}
	var answer []any
	err = r.attempt(ctx, kind, func(ctx context.Context) (err error) {
		answer, err = r.confirmed(ctx, c)
		if c.once != "" && redis.HasErrorPrefix(err, "OOM ") {
			answer, err = r.beforeItWasFull(ctx, c, err)
		}
		return err
	})
	if err != nil {
		return "", "", false, err
	}
	text, replayed, err := parseAnswer(answer)
	if err != nil {
		return "", "", false, err
	}
	if text == wasReused {
		return "", "", false, items.ErrIdempotencyKeyReused
	}
	if replayed {
		r.replays.Inc()
	}
	outcome, detail, _ = strings.Cut(text, " ")
	return outcome, detail, replayed, nil
}

func parseAnswer(answer []any) (outcome string, replayed bool, err error) {
	if len(answer) == 2 {
		earlier, isNumber := answer[0].(int64)
		if text, isText := answer[1].(string); isNumber && isText {
			return text, earlier == 1, nil
		}
	}
	return "", false, errors.New("the script did not answer {0 or 1, outcome}")
}

// beforeItWasFull keeps a full Redis from denying what an earlier request of the same key did.
func (r *Repository) beforeItWasFull(ctx context.Context, c command, full error) ([]any, error) {
	answer, err := r.confirmed(ctx, command{script: earlierScript, keys: c.keys[:1], args: c.args[:2]})
	if err != nil {
		return nil, err
	}
	if outcome, _, err := parseAnswer(answer); err == nil && outcome == "" {
		return nil, full
	}
	return answer, nil
}

// confirmed runs the script and, right behind it on the same connection, WAIT: one round trip. Redis knows the script
// but for the first time after a start or a failover.
func (r *Repository) confirmed(ctx context.Context, c command) ([]any, error) {
	answer, err := r.send(ctx, func(pipe redis.Pipeliner) *redis.Cmd { return c.script.EvalSha(ctx, pipe, c.keys, c.args...) })
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		answer, err = r.send(ctx, func(pipe redis.Pipeliner) *redis.Cmd { return c.script.Eval(ctx, pipe, c.keys, c.args...) })
	}
	return answer, err
}

func (r *Repository) send(ctx context.Context, run func(redis.Pipeliner) *redis.Cmd) ([]any, error) {
	// The answer may take the whole budget; a master that is no longer the one should not.
	watch := time.AfterFunc(replyTimeout, r.dialer.refresh)
	defer watch.Stop()
	begun := time.Now()
	pipe := r.writer.Pipeline()
	script := run(pipe)
	var wait *redis.Cmd
	if r.confirmations > 0 {
		wait = pipe.Do(ctx, "WAIT", r.confirmations, patience(ctx).Milliseconds())
	}
	// Both commands hold their own errors; the first of them is what Exec returns.
	_, _ = pipe.Exec(ctx)
	answer, err := script.Slice()
	if err != nil || wait == nil {
		return answer, err
	}
	r.confirmationTime.Observe(time.Since(begun).Seconds())
	if replicas, err := wait.Int64(); err != nil || replicas < int64(r.confirmations) {
		return nil, &unconfirmedError{r.confirmations, replicas, err}
	}
	return answer, nil
}

// waitLateness is how late Redis tells that a WAIT has timed out: it looks ten times a second (redis.conf, hz).
const waitLateness = 100 * time.Millisecond

// patience is what the budget leaves for WAIT, so that its answer, "too few", still comes inside it. Never 0, which is
// for ever.
func patience(ctx context.Context) time.Duration {
	deadline, _ := ctx.Deadline() // attempt sets one
	left := time.Until(deadline)
	return max(time.Millisecond, left-min(waitLateness+leastAttempt, left/4))
}
