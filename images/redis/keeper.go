package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/redis/go-redis/v9"

	"redis-platform/redis-node/internal/lease"
)

const (
	keepTimeout    = 300 * time.Millisecond // of a command to the own server
	awaitedAfter   = 2 * time.Second        // without a lease, a named node says so
	awaitedAgain   = 30 * time.Second
	settleInterval = 200 * time.Millisecond // at the latest
)

// Keeper earns the lease of this node's server from the Sentinels and hands it on, see internal/lease. Replicas
// ask too, so that a promoted one has its lease at once.
type Keeper struct {
	name      string // of the master
	own       *line
	sentinels []*line

	mutex   sync.Mutex // guards council and ends
	council *lease.Council
	ends    lease.Moment // of the lease that the server holds
	heard   chan struct{}
	ousted  atomic.Bool // most Sentinels name another master now

	grant   lease.Grant // of the goroutine of Run alone, like all below
	held    bool
	since   lease.Moment // held, or not held, since; 0: neither yet
	awaited lease.Moment // when it was last said that the lease is missing
}

// NewKeeper prepares a keeper with connections of its own: none is to wait for another.
func (w *World) NewKeeper() *Keeper {
	k := &Keeper{
		name:    w.topology.MasterName,
		own:     &line{options: w.own.Options()},
		council: lease.NewCouncil(w.topology.endpoint(w.self), w.topology.Sentinels),
		heard:   make(chan struct{}, 1),
	}
	for _, s := range w.sentinels {
		k.sentinels = append(k.sentinels, &line{options: s.client.Options()})
	}
	return k
}

// Run keeps the lease until the context ends.
func (k *Keeper) Run(ctx context.Context) {
	for i := range k.sentinels {
		go k.follow(ctx, i)
	}
	defer k.own.close()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-k.heard:
		case <-time.After(settleInterval):
		}
		k.settle(ctx)
	}
}

// follow asks one Sentinel again and again.
func (k *Keeper) follow(ctx context.Context, i int) {
	s := k.sentinels[i]
	defer s.close()
	pause := time.Duration(0)
	for sleep(ctx, pause) {
		asked := bootTime()
		answer, err := s.askSentinel(ctx, k.name)
		k.mutex.Lock()
		switch {
		case err == nil:
			k.council.Heard(i, asked, answer)
		case errors.Is(err, syscall.ECONNREFUSED):
			k.council.Refused(i, asked)
		}
		pause = k.council.Pause(bootTime(), k.ends)
		k.mutex.Unlock()
		select {
		case k.heard <- struct{}{}:
		default: // Run will look anyway
		}
	}
}

// settle tells the server what follows from the Sentinels' answers.
func (k *Keeper) settle(ctx context.Context) {
	k.mutex.Lock()
	now := bootTime()
	decision := k.council.Decide(now)
	k.mutex.Unlock()
	k.ousted.Store(decision.Ousted)
	if command := k.grant.Next(now, decision); command != lease.Nothing {
		k.grant.Sent(command, decision, k.send(ctx, command, decision))
		k.mutex.Lock()
		k.ends = k.grant.Ends
		k.mutex.Unlock()
	}
	k.report(decision)
}

func (k *Keeper) send(ctx context.Context, command lease.Command, d lease.Decision) error {
	words := []any{string(command)}
	if command == lease.Extend {
		// As far from now as the other deadline: a later step of this clock counts against it.
		wall := time.Now().Add(d.Until - bootTime())
		words = append(words, d.Until.Milliseconds(), wall.UnixMilli())
	}
	return k.own.do(ctx, keepTimeout, redis.NewCmd(ctx, words...))
}

// report writes what has changed into the log.
func (k *Keeper) report(d lease.Decision) {
	now := bootTime()
	held := k.grant.Ends > now
	if k.since == 0 {
		k.since = now
	}
	lasted := (now - k.since).Nanoseconds()
	switch {
	case held && !k.held:
		slog.Info("lease granted: writes are accepted", logAction, actionLeaseGranted, logRole, "master", logDuration, lasted,
			"redis.lease_ms", (k.grant.Ends - now).Milliseconds())
	case !held && k.held:
		reason := d.Reason
		if reason == "" {
			reason = "this process or its server stood still"
		}
		slog.Warn("lease ended: writes are refused", logAction, actionLeaseEnded, logRole, "master", logDuration, lasted, logReason, reason)
		k.awaited = now
	case !held && d.Named && now-k.since >= awaitedAfter && (k.awaited == 0 || now-k.awaited >= awaitedAgain):
		slog.Warn("this node waits for its lease and refuses writes until then", logAction, actionLeaseAwaited, logDuration, lasted, logReason, d.Reason,
			logFix, "start the Sentinels, or allow this node to reach them: a majority must name it and answer")
		k.awaited = now
	}
	if held != k.held {
		k.held, k.since = held, now
	}
}

// line is a connection whose errors are of this moment: a pool of go-redis may answer for up to 1 s with an earlier
// refusal, which says nothing about now.
type line struct {
	options *redis.Options
	client  *redis.Client
}

// do sends the commands in one write and returns the first error; after one that is not the server's own, it begins anew.
func (l *line) do(ctx context.Context, timeout time.Duration, commands ...redis.Cmder) error {
	if l.client == nil {
		options := *l.options
		options.PoolSize = 1
		l.client = redis.NewClient(&options)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	pipeline := l.client.Pipeline()
	for _, command := range commands {
		_ = pipeline.Process(ctx, command) // only queues it
	}
	_, err := pipeline.Exec(ctx)
	var refusal redis.Error
	if err != nil && !errors.As(err, &refusal) {
		l.close()
	}
	return err
}

func (l *line) close() {
	if l.client != nil {
		l.client.Close()
		l.client = nil
	}
}

// askSentinel takes at most 1 s.
func (l *line) askSentinel(ctx context.Context, name string) (lease.Answer, error) {
	named := redis.NewStringSliceCmd(ctx, "sentinel", "get-master-addr-by-name", name)
	master := redis.NewMapStringStringCmd(ctx, "sentinel", "master", name)
	if err := l.do(ctx, time.Second, named, master); err != nil {
		return lease.Answer{}, err
	}
	return parseAnswer(named.Val(), master.Val())
}

// parseAnswer refuses what lacks anything that a promise depends on.
func parseAnswer(named []string, master map[string]string) (lease.Answer, error) {
	if len(named) != 2 {
		return lease.Answer{}, fmt.Errorf("SENTINEL GET-MASTER-ADDR-BY-NAME: %q", named)
	}
	var problem error
	number := func(field string) int64 {
		n, err := strconv.ParseInt(master[field], 10, 64)
		if err != nil || n < 0 {
			problem = fmt.Errorf("SENTINEL MASTER: %s is %q", field, master[field])
		}
		return n
	}
	milliseconds := func(field string) time.Duration { return time.Duration(number(field)) * time.Millisecond }
	return lease.Answer{
		Named:           net.JoinHostPort(named[0], named[1]),
		Master:          net.JoinHostPort(master["ip"], master["port"]),
		Flags:           strings.Split(master["flags"], ","),
		RoleReported:    master["role-reported"],
		ConfigEpoch:     number("config-epoch"),
		Quorum:          int(number("quorum")),
		OtherSentinels:  int(number("num-other-sentinels")),
		DownAfter:       milliseconds("down-after-milliseconds"),
		LastPingSent:    milliseconds("last-ping-sent"),
		LastOkPingReply: milliseconds("last-ok-ping-reply"),
	}, problem
}

// bootTime reads CLOCK_BOOTTIME, as the module does. It cannot fail: the kernel has had this clock since 2011.
func bootTime() lease.Moment {
	const clockBootTime = 7
	var t syscall.Timespec
	_, _, _ = syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockBootTime, uintptr(unsafe.Pointer(&t)), 0)
	return lease.Moment(t.Nano())
}
