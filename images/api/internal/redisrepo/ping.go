package redisrepo

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"redis-platform/api/internal/logging"
)

const (
	pingTimeout    = 800 * time.Millisecond
	firstReadyWait = 100 * time.Millisecond
	maxReadyWait   = 2 * time.Second
)

// Ping asks the master once and says how long it took. It ends within 0.8 s.
func (r *Repository) Ping(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	start := time.Now()
	err := r.client.Ping(ctx).Err()
	if errors.Is(err, context.DeadlineExceeded) {
		err = r.dialer.explain(err)
	}
	if err != nil {
		r.dialer.refresh()
		return time.Since(start), logging.DiscreetError{Cause: err}
	}
	return time.Since(start), nil
}

// WaitUntilReady pings until the master answers or ctx ends. The pause doubles from 0.1 s to 2 s with jitter.
func (r *Repository) WaitUntilReady(ctx context.Context, log *slog.Logger) {
	for pause := firstReadyWait; ; pause = min(2*pause, maxReadyWait) {
		took, err := r.Ping(ctx)
		if err == nil {
			log.Info("redis answered", "event.duration", took.Nanoseconds())
			return
		}
		if ctx.Err() != nil {
			return
		}
		log.Warn("waiting for redis", logging.Error, err.Error(), "redis.next_try_within", pause.String())
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause/2 + rand.N(pause/2)):
		}
	}
}
