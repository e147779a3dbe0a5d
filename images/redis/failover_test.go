package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// How often each case is run; RUNS=5 gives numbers to compare.
func runs() int {
	if n, err := strconv.Atoi(os.Getenv("RUNS")); err == nil && n > 0 {
		return n
	}
	return 1
}

// eachRun runs a case while a ledger is written, waits until everything is well again and counts.
func (c *cluster) eachRun(name string, disturb func(t *testing.T, l *ledger, master *container)) {
	for i := range runs() {
		if c.t.Failed() {
			return // what comes after a failure tells nothing, and hides what happened in the logs
		}
		c.t.Run(fmt.Sprintf("%s %d", name, i+1), func(t *testing.T) {
			outer := c.t
			c.t = t
			defer func() { c.t = outer }()
			c.ready()
			l := c.openLedger(8)
			l.waitForWrite(t, time.Now().Add(500*time.Millisecond))
			before := c.node(c.master())
			disturb(t, l, before)
			l.waitForWrite(t, time.Now())
			time.Sleep(time.Second) // an outage may begin late: a second switch, an old master that wakes up
			l.waitForWrite(t, time.Now())
			c.everybodyFollows()
			l.close()
			l.check(t)
		})
	}
}

// sentinelsAct is enough for Sentinels that were starved for 2 s, which then only watch for 30 s (TILT), and for what comes after.
const sentinelsAct = 80 * time.Second

// everybodyFollows waits until each node but the master is its replica and in sync.
func (c *cluster) everybodyFollows() {
	c.t.Helper()
	eventually(c.t, sentinelsAct, func() error {
		master := c.master()
		for _, one := range c.nodes {
			info, err := c.info(one.address)
			switch {
			case err != nil:
				return err
			case one.address == master && info.Role != "master":
				return fmt.Errorf("%s is named but is a %s", master, info.Role)
			case one.address != master && (info.MasterHost != master || !info.LinkUp):
				return fmt.Errorf("%s does not follow %s", one.address, master)
			}
		}
		return nil
	})
}

func TestNoConfirmedWriteIsLost(t *testing.T) {
	c := newCluster(t, 3, 3)
	begin := time.Now()
	c.startAll()
	eventually(t, 20*time.Second, func() error {
		info, err := c.info(c.nodes[0].address)
		if err == nil && info.ReplicasOnline != 2 {
			err = fmt.Errorf("%d replicas", info.ReplicasOnline)
		}
		return err
	})
	t.Logf("an empty platform is up after %.2f s", time.Since(begin).Seconds())

	c.eachRun("redis-server of the master is killed and comes back", func(t *testing.T, l *ledger, master *container) {
		logged := len(master.log.String())
		master.signalServer(t, syscall.SIGKILL)
		l.waitForWrite(t, time.Now().Add(300*time.Millisecond))
		after := master.log.String()[logged:]
		if ended, asked := events(t, after, actionServerEnded), append(events(t, after, actionFailover), events(t, after, actionLeft)...); len(ended) != 1 || len(asked) != 1 {
			t.Errorf("the log does not say once that the server ended and once what followed: %v %v", ended, asked)
		}
		t.Log(grep(master.log.String()[logged:], "asked for a failover", "left to the Sentinels"))
	})

	c.eachRun("the master's container is killed and comes back", func(t *testing.T, _ *ledger, master *container) {
		master.crash()
	})

	c.eachRun("redis-server of the master is killed while a replica lags", func(t *testing.T, l *ledger, master *container) {
		// The worst moment for a forced failover: what the Sentinel knows of the good replica is older than the lag of the
		// other one, and too young to be asked for again. A failover forced now promotes the replica that lags.
		logged := len(master.log.String())
		lagging := c.anyReplica(master)
		good := c.otherReplica(master, lagging)
		eventually(t, 20*time.Second, func() error {
			if age := c.infoAge(t, good); age < 300*time.Millisecond || age > 450*time.Millisecond {
				return fmt.Errorf("INFO of %s is %s old", good.address, age)
			}
			return nil
		})
		ctx := context.Background()
		lag := c.admins[lagging.address]
		if err := lag.ConfigSet(ctx, "masterauth", "wrong").Err(); err != nil {
			t.Fatal(err)
		}
		if err := c.admins[master.address].Do(ctx, "client", "kill", "type", "replica").Err(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(250 * time.Millisecond) // confirmed by the good replica alone
		master.signalServer(t, syscall.SIGKILL)
		time.Sleep(700 * time.Millisecond) // a forced failover has chosen by now
		if err := lag.ConfigSet(ctx, "masterauth", users["replication"]).Err(); err != nil {
			t.Fatal(err)
		}
		t.Log(grep(master.log.String()[logged:], "asked for a failover", "left to the Sentinels"))
	})

	c.eachRun("the master is stopped as planned", func(t *testing.T, l *ledger, master *container) {
		logged := len(master.log.String())
		took := master.stop()
		l.waitForWrite(t, time.Now())
		t.Logf("the stop took %.2f s\n%s", took.Seconds(), grep(master.log.String()[logged:], "planned stop"))
		if steps := events(t, master.log.String()[logged:], actionHandOver); len(steps) < 4 || steps[0]["redis.stage"] != string(StopFencing) {
			t.Errorf("the log does not tell the hand-over: %v", steps)
		}
		c.wantRoleInLog(t, master)
		master.start()
	})

	c.eachRun("the master is reborn with an empty volume", func(t *testing.T, _ *ledger, master *container) {
		master.kill()
		empty(t, filepath.Join(master.dir, "data"))
		master.start()
	})

	c.eachRun("everything is stopped and the stale former master starts first", func(t *testing.T, l *ledger, stale *container) {
		stale.kill()
		l.waitForWrite(t, time.Now().Add(4*time.Second)) // the others go on without it
		c.stopAll(t, c.nodes, c.sentinels)
		holder := c.node(strings.Split(lastNamed(t, c.sentinels[0]), " ")[0])
		for _, one := range c.sentinels {
			one.start()
		}
		stale.start()
		time.Sleep(6 * time.Second) // time enough to elect it, were it electable
		if info, err := c.info(stale.address); err != nil || info.Role == "master" {
			t.Errorf("the stale node is up as a %q (%v): it must wait as a replica", info.Role, err)
		}
		logged := len(holder.log.String())
		begin := time.Now()
		for _, one := range c.nodes {
			if one != stale {
				one.start()
			}
		}
		l.waitForWrite(t, begin)
		t.Logf("writes are back %.2f s after the start of the holder %s\n%s", time.Since(begin).Seconds(), holder.address,
			grep(holder.log.String()[logged:], "start-up decision"))
	})

	c.eachRun("everything is stopped, the master loses its volume and an operator promotes a replica", func(t *testing.T, l *ledger, master *container) {
		master.kill() // first, so that the others have all that it confirmed
		c.stopAll(t, c.nodes, c.sentinels)
		empty(t, filepath.Join(master.dir, "data"))
		c.startAll()
		time.Sleep(4 * time.Second) // time enough to start as an empty master, were that allowed
		if info, err := c.info(master.address); err == nil {
			t.Errorf("the empty master is up as a %s beside replicas that hold keys", info.Role)
		}
		chosen := c.fullestReplica(t, master)
		if output, err := chosen.command("promote"); err == nil || !strings.Contains(output, "--accept-data-loss") {
			t.Errorf("promote did not ask for consent: %v\n%s", err, output)
		}
		output, err := chosen.command("promote", "--accept-data-loss")
		if err != nil {
			t.Errorf("promote: %v", err)
		}
		t.Log(output)
	})

	t.Run("everything is stopped at once", func(t *testing.T) {
		t.Logf("it took %.2f s", c.stopAll(t, c.nodes, c.sentinels).Seconds())
	})
}

// stopAll stops everything side by side, as an engine does, and checks that nobody lingers. (SIGKILL of all nodes is another
// matter: with appendfsync everysec, Redis may hold back up to 2 s of writes from the append-only file while the disk is slow.)
func (c *cluster) stopAll(t *testing.T, groups ...[]*container) time.Duration {
	t.Helper()
	begin := time.Now()
	var all sync.WaitGroup
	for _, group := range groups {
		for _, one := range group {
			all.Add(1)
			go func() {
				defer all.Done()
				one.stop()
			}()
		}
	}
	all.Wait()
	took := time.Since(begin)
	if took > 4*time.Second {
		t.Errorf("stopping everything took %s", took)
	}
	return took
}

func (c *cluster) anyReplica(master *container) *container {
	return c.otherReplica(master, nil)
}

func (c *cluster) otherReplica(master, replica *container) *container {
	for _, one := range c.nodes {
		if one != master && one != replica {
			return one
		}
	}
	return nil
}

// infoAge says how old the first Sentinel's knowledge of a replica is. That Sentinel is the one that is asked for failovers.
func (c *cluster) infoAge(t *testing.T, replica *container) time.Duration {
	t.Helper()
	client := redis.NewSentinelClient(sentinelOptions(c.sentinels[0].address))
	defer client.Close()
	replicas, err := client.Replicas(context.Background(), c.topology.MasterName).Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range replicas {
		if one["ip"] == replica.address {
			age, err := strconv.Atoi(one["info-refresh"])
			if err != nil {
				t.Fatal(err)
			}
			return time.Duration(age) * time.Millisecond
		}
	}
	t.Fatalf("the Sentinel does not know %s", replica.address)
	return 0
}

// fullestReplica is the one that an operator would choose.
func (c *cluster) fullestReplica(t *testing.T, master *container) (fullest *container) {
	t.Helper()
	most := int64(-1)
	for _, one := range c.nodes {
		if one == master {
			continue
		}
		info, err := c.info(one.address)
		if err != nil {
			t.Fatal(err)
		}
		if info.Keys > most {
			fullest, most = one, info.Keys
		}
	}
	return fullest
}

// lastNamed reads the master from the file that a stopped Sentinel has left.
func lastNamed(t *testing.T, sentinel *container) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(sentinel.dir, "data", "sentinel.conf"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "sentinel monitor "+masterName+" ")
	return rest
}

func empty(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
}

func grep(text string, wanted ...string) string {
	var found []string
	for _, line := range strings.Split(text, "\n") {
		for _, one := range wanted {
			if strings.Contains(line, one) {
				found = append(found, line)
			}
		}
	}
	return strings.Join(found, "\n")
}

func TestASingleNodeAndSentinelWork(t *testing.T) {
	c := newCluster(t, 1, 1)
	c.startAll()
	c.everybodyFollows()
	node := c.nodes[0]
	node.crash()
	c.everybodyFollows()
	if took := c.stopAll(t, c.nodes, c.sentinels); took > 2*time.Second {
		t.Errorf("a node without replicas has nobody to hand over to, but its stop took %s", took)
	}
}

func TestOneReplicaAndOneSentinelWork(t *testing.T) {
	c := newCluster(t, 2, 1)
	c.startAll()
	c.everybodyFollows()
	c.eachRun("redis-server of the master is killed and comes back", func(t *testing.T, _ *ledger, master *container) {
		master.signalServer(t, syscall.SIGKILL)
	})
	c.eachRun("the master is stopped as planned", func(t *testing.T, _ *ledger, master *container) {
		master.stop()
		master.start()
	})
}
