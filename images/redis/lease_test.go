package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// What only a master under a lease withstands: it stops for a moment and goes on, while Sentinels do whatever they may do at the worst time.

// freeze stops all processes of a container, as the engine's pause does.
func (one *container) freeze() { _ = syscall.Kill(-one.pid(), syscall.SIGSTOP) }

func (one *container) thaw() { _ = syscall.Kill(-one.pid(), syscall.SIGCONT) }

// freezeFor freezes containers together; what a failed test leaves frozen goes on.
func freezeFor(duration time.Duration, all ...*container) {
	for _, one := range all {
		one.freeze()
		defer one.thaw()
	}
	time.Sleep(duration)
}

// promoted waits for a node, other than the master of before, that says it is one.
func (c *cluster) promoted(before *container) (after *container) {
	c.t.Helper()
	for end := time.Now().Add(sentinelsAct); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		for _, one := range c.nodes {
			if one == before {
				continue
			}
			if role, err := c.admins[one.address].Do(context.Background(), "role").Slice(); err == nil && role[0] == "master" {
				return one
			}
		}
	}
	c.t.Fatal("nobody was promoted")
	return nil
}

// convert is what a Sentinel sends to a node that it takes for a replica which lost its way (+convert-to-slave).
func (c *cluster) convert(one, master *container) error {
	client := newClient(one.address+":"+strconv.Itoa(nodePort), Login{"sentinel", users["sentinel"]})
	defer client.Close()
	_, err := client.TxPipelined(context.Background(), func(p redis.Pipeliner) error {
		for _, command := range []string{fmt.Sprintf("slaveof %s %d", master.address, nodePort), "config rewrite", "client kill type normal", "client kill type pubsub"} {
			words := []any{}
			for _, word := range strings.Fields(command) {
				words = append(words, word)
			}
			p.Do(context.Background(), words...)
		}
		return nil
	})
	return err
}

// A Sentinel that has seen the promoted node as a master before, and has not heard yet that it is one again, sends it back to the old
// master: seen after two failovers within 20 s when the old master wakes up during the second one.
func TestAStaleSentinelDoesNotUndoAPromotion(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, 3)
	c.startAll()
	for _, when := range []struct {
		name  string
		until func(after *container)
	}{
		{"before its leader has seen it", func(*container) {}},
		{"when the first Sentinel names it", func(after *container) {
			eventually(c.t, 20*time.Second, func() error {
				for _, one := range c.sentinels {
					if named := c.sentinelNames(one); len(named) > 0 && named[0] == after.address {
						return nil
					}
				}
				return errors.New("nobody names it")
			})
		}},
	} {
		c.eachRun("a promoted node is sent back to the old master "+when.name, func(t *testing.T, l *ledger, before *container) {
			before.freeze()
			t.Cleanup(before.thaw)
			after := c.promoted(before)
			when.until(after)
			err := c.convert(after, before)
			before.thaw()
			if c.topology.Fencing == FencingLease && err == nil {
				t.Error("the node that was just promoted follows the old master")
			}
			l.waitForWrite(t, time.Now())
			if now := c.master(); now != after.address {
				t.Errorf("%s is the master, not %s, which was promoted: %v", now, after.address, err)
			}
		})
	}
}

// Whoever is master under a lease follows nobody else; one whose lease is over does as it is told.
func TestAMasterWithALeaseFollowsNobody(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, 3)
	c.startAll()
	c.ready()
	master := c.node(c.master())
	other := c.nodes[0]
	if other == master {
		other = c.nodes[1]
	}
	// On a busy machine a lease may be over for a moment.
	eventually(t, 20*time.Second, func() error {
		text := c.admins[master.address].Info(context.Background(), "rplease").Val()
		_, after, _ := strings.Cut(text, "rplease_remaining_ms:")
		value, _, _ := strings.Cut(after, "\r")
		if left, err := strconv.Atoi(value); err != nil || left < 600 {
			return fmt.Errorf("it has no lease to speak of: %s", text)
		}
		return nil
	})
	var refusal redis.Error
	if err := c.convert(master, other); !errors.As(err, &refusal) {
		t.Errorf("it follows %s: %v", other.address, err)
	}
	if text := c.admins[master.address].Info(context.Background(), "rplease").Val(); !strings.Contains(text, "rplease_demotions_refused:1") {
		t.Errorf("INFO does not tell: %s", text)
	}
	if err := c.admins[master.address].Do(context.Background(), "replicaof", "no", "one").Err(); err != nil {
		t.Errorf("it is a master, and stays one: %v", err)
	}
	c.sentinels[0].freeze()
	c.sentinels[1].freeze()
	defer c.sentinels[0].thaw()
	defer c.sentinels[1].thaw()
	eventually(t, 5*time.Second, func() error { return c.convert(master, other) })
}

// standsStill is eachRun with writers that stay at the old master.
func (c *cluster) standsStill(name string, disturb func(t *testing.T, l *ledger, master *container)) {
	c.eachRun(name, func(t *testing.T, l *ledger, master *container) {
		l.stay(master, 4)
		time.Sleep(200 * time.Millisecond)
		disturb(t, l, master)
	})
}

func TestAMasterThatStandsStillLosesNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, 3)
	c.startAll()
	for _, duration := range []time.Duration{1300, 1800, 2200, 2600} {
		duration *= time.Millisecond
		c.standsStill("frozen for "+duration.String(), func(t *testing.T, _ *ledger, master *container) {
			freezeFor(duration, master)
		})
	}
	c.standsStill("its server alone is frozen", func(t *testing.T, _ *ledger, master *container) {
		master.signalServer(t, syscall.SIGSTOP)
		defer master.signalServer(t, syscall.SIGCONT)
		time.Sleep(2400 * time.Millisecond)
	})
	c.standsStill("busy with a script", func(t *testing.T, _ *ledger, master *container) {
		c.busy(master, 2300*time.Millisecond)
	})
	c.standsStill("frozen while processors are short", func(t *testing.T, _ *ledger, master *container) {
		starve(t, 5*time.Second)
		freezeFor(2300*time.Millisecond, master)
	})
}

func TestAMasterThatStandsStillWhileASentinelFailsLosesNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, 3)
	c.startAll()
	const still = 2300 * time.Millisecond
	c.standsStill("a Sentinel stands still with it", func(t *testing.T, _ *ledger, master *container) {
		freezeFor(still, master, c.sentinels[0])
	})
	c.standsStill("a Sentinel is dead", func(t *testing.T, _ *ledger, master *container) {
		c.sentinels[1].kill()
		defer c.sentinels[1].start()
		freezeFor(still, master)
	})
	c.standsStill("all Sentinels restart one after the other", func(t *testing.T, _ *ledger, master *container) {
		master.freeze()
		defer master.thaw()
		for _, one := range c.sentinels {
			one.crash()
			time.Sleep(still / 3)
		}
	})
	// Longer than 2 s, and a Sentinel takes no decision for 30 s.
	c.standsStill("a Sentinel is in TILT", func(t *testing.T, _ *ledger, master *container) {
		freezeFor(3*time.Second, c.sentinels[2])
		freezeFor(still, master)
	})
}

// Of two Sentinels that are silent nobody knows whether they elect somebody else. So from down-after on nothing is confirmed until one is back.
func TestTwoSilentSentinelsEndAllWrites(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, 3)
	c.startAll()
	c.eachRun("two Sentinels are silent", func(t *testing.T, l *ledger, master *container) {
		begin := time.Now()
		c.sentinels[0].freeze()
		c.sentinels[1].freeze()
		t.Cleanup(c.sentinels[0].thaw)
		t.Cleanup(c.sentinels[1].thaw)
		time.Sleep(2 * time.Second) // more than down-after
		silent := time.Now()
		time.Sleep(time.Second)
		if last := l.last(); last.After(silent) {
			t.Errorf("a write was confirmed %s after they fell silent", last.Sub(begin))
		}
		if err := c.admins[master.address].Set(context.Background(), "silent", "", 0).Err(); err == nil || !strings.HasPrefix(err.Error(), "NOREPLICAS") {
			t.Errorf("the master answers %v", err)
		}
		c.sentinels[0].thaw()
		thawed := time.Now()
		l.waitForWrite(t, thawed)
		t.Logf("writes are back %.2f s after one Sentinel is", time.Since(thawed).Seconds())
		if now := c.master(); now != master.address {
			t.Errorf("%s is the master", now)
		}
		c.sentinels[1].thaw()
	})
}

// busy keeps the node from anything else, as a long script does.
func (c *cluster) busy(one *container, duration time.Duration) {
	options := *c.admins[one.address].Options()
	options.ReadTimeout = duration + 5*time.Second
	client := redis.NewClient(&options)
	defer client.Close()
	script := "local function now() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end " +
		"local stop = now() + ARGV[1] repeat for i = 1, 100000 do end until now() > stop return 1"
	_ = client.Eval(context.Background(), script, nil, duration.Milliseconds()).Err() // its connection is closed where the lease has ended
}

// starve keeps all processors busy, several times over.
func starve(t *testing.T, duration time.Duration) {
	for range 3 * runtime.NumCPU() {
		loop := exec.Command("timeout", fmt.Sprint(duration.Seconds()), "sh", "-c", "while :; do :; done")
		if err := loop.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = loop.Wait() }) // timeout ends it with 124
	}
}
