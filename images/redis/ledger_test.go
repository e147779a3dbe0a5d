package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// ledger writes through the master that the Sentinels name and notes each write that WAIT 1 has confirmed.
type ledger struct {
	cluster   *cluster
	number    int64
	stop      chan struct{}
	writers   sync.WaitGroup
	mutex     sync.Mutex
	confirmed map[string]string
	moments   []time.Time // of confirmations, in order
}

var ledgers atomic.Int64

func (c *cluster) openLedger(writers int) *ledger {
	l := &ledger{cluster: c, number: ledgers.Add(1), stop: make(chan struct{}), confirmed: map[string]string{}}
	for i := range writers {
		l.begin(fmt.Sprintf("w%d", i), c.master, time.Second)
	}
	return l
}

// stay adds writers that stay at one node whatever happens, and wait for its answers for long: those to whom a master confirms what is thrown away.
func (l *ledger) stay(at *container, writers int) {
	for i := range writers {
		l.begin(fmt.Sprintf("s%d", i), func() string { return at.address }, 6*time.Second)
	}
}

func (l *ledger) begin(name string, where func() string, patience time.Duration) {
	l.writers.Add(1)
	go l.write(fmt.Sprintf("l%d:%s", l.number, name), where, patience)
}

func (l *ledger) write(prefix string, where func() string, patience time.Duration) {
	defer l.writers.Done()
	ctx := context.Background()
	var client *redis.Client
	closeClient := func() {
		if client != nil {
			client.Close()
			client = nil
		}
	}
	defer closeClient()
	for n := 0; ; n++ {
		select {
		case <-l.stop:
			return
		default:
		}
		if client == nil {
			address := where()
			if address == "" {
				time.Sleep(20 * time.Millisecond)
				continue
			}
			options := *newClient(address+":"+strconv.Itoa(nodePort), Login{"app", users["app"]}).Options()
			options.ReadTimeout = patience
			client = redis.NewClient(&options)
		}
		key, value := fmt.Sprintf("%s:%d", prefix, n), strconv.Itoa(n)
		if err := l.writeOne(ctx, client, key, value, patience); err != nil {
			closeClient()
			time.Sleep(20 * time.Millisecond)
		}
	}
}

func (l *ledger) writeOne(ctx context.Context, client *redis.Client, key, value string, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience) // go-redis itself gives WAIT 10 s more than it asks for
	defer cancel()
	connection := client.Conn() // WAIT speaks of its own connection's writes
	defer connection.Close()
	if err := connection.Set(ctx, key, value, 0).Err(); err != nil {
		return err
	}
	copies, err := connection.Wait(ctx, 1, 500*time.Millisecond).Result()
	if err != nil {
		return err
	}
	if copies < 1 {
		return fmt.Errorf("not confirmed")
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.confirmed[key] = value
	l.moments = append(l.moments, time.Now())
	return nil
}

// waitForWrite returns once a write was confirmed after the given moment.
func (l *ledger) waitForWrite(t *testing.T, after time.Time) {
	t.Helper()
	eventually(t, sentinelsAct, func() error {
		if l.last().Before(after) {
			return fmt.Errorf("no write confirmed since")
		}
		return nil
	})
}

// last is when a write was last confirmed.
func (l *ledger) last() time.Time {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if len(l.moments) == 0 {
		return time.Time{}
	}
	return l.moments[len(l.moments)-1]
}

// close ends the writers.
func (l *ledger) close() {
	close(l.stop)
	l.writers.Wait()
}

// outage is the longest time between two confirmed writes.
func (l *ledger) outage() time.Duration {
	var longest time.Duration
	for i := 1; i < len(l.moments); i++ {
		longest = max(longest, l.moments[i].Sub(l.moments[i-1]))
	}
	return longest
}

// check fails the test for every confirmed write that the master does not have, and for a node that holds something else.
func (l *ledger) check(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	lost := 0
	master := l.cluster.master()
	keys := make([]string, 0, len(l.confirmed))
	for key := range l.confirmed {
		keys = append(keys, key)
	}
	for begin := 0; begin < len(keys); begin += 1000 {
		batch := keys[begin:min(begin+1000, len(keys))]
		var values []any
		eventually(t, 20*time.Second, func() (err error) {
			values, err = l.cluster.admins[master].MGet(ctx, batch...).Result()
			return err
		})
		for i, key := range batch {
			if values[i] != l.confirmed[key] {
				lost++
			}
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d confirmed writes lost", lost, len(keys))
	}
	t.Logf("outage %.2f s, %d confirmed writes, %d lost", l.outage().Seconds(), len(keys), lost)
}
