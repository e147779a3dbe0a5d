package redisrepo

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// dialPause lies between two questions to a Sentinel. Four dials (maxDials) ask about 80 times a second then.
const dialPause = 50 * time.Millisecond

// refreshPause is the least time between two refreshes, however many requests fail.
const refreshPause = 100 * time.Millisecond

// dialError proves that a command was never sent.
type dialError struct{ cause error }

func (e *dialError) Error() string { return "no connection to a redis master: " + e.cause.Error() }
func (e *dialError) Unwrap() error { return e.cause }

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// masterDialer asks the Sentinels again and again until the master that they name takes a connection, so a
// failover ends for all waiting requests as soon as it ends for the Sentinels.
type masterDialer struct {
	// resolve asks a Sentinel and connects once. When the answer is another master than before, it also closes
	// every pooled connection to the old one.
	resolve    dialFunc
	refreshing atomic.Bool
	lastError  atomic.Pointer[dialError]
}

// DialHook makes the pool's own dials patient. It ends with the last real error when ctx does.
func (d *masterDialer) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		for {
			conn, err := once(ctx, dialFunc(next), network, address)
			if err == nil {
				return conn, nil
			}
			failed := &dialError{err}
			d.lastError.Store(failed)
			select {
			case <-ctx.Done():
				return nil, failed
			case <-time.After(dialPause):
			}
		}
	}
}

// refresh looks in the background whether the Sentinels name another master by now, and drops the connections
// to the old one if so. The Sentinels' own announcement does the same, but is lost if the one Sentinel that
// this process listens to went away together with the master.
func (d *masterDialer) refresh() {
	if !d.refreshing.CompareAndSwap(false, true) {
		return
	}
	go func() {
		defer d.refreshing.Store(false)
		if conn, err := once(context.Background(), d.resolve, "tcp", ""); err == nil {
			_ = conn.Close()
		}
		time.Sleep(refreshPause)
	}()
}

// explain replaces "deadline exceeded while waiting for a connection" by what the dials have met.
func (d *masterDialer) explain(err error) error {
	if last := d.lastError.Load(); last != nil {
		return last
	}
	return err
}

func once(ctx context.Context, dial dialFunc, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	return dial(ctx, network, address)
}

// ProcessHook changes nothing.
func (d *masterDialer) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

// ProcessPipelineHook changes nothing.
func (d *masterDialer) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
