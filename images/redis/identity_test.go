package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Roles belong to the n-th node, whatever it is called and wherever it is: what is declared changes here after failovers, and nothing
// that was confirmed before may be missing afterwards.

// changed is the topology with other members: how many nodes and Sentinels, in which networks, under which name.
func (c *cluster) changed(name, nodeNet string, nodes int, sentinelNet string, sentinels int) Topology {
	topology := c.topology
	topology.MasterName, topology.Nodes, topology.Sentinels = name, nil, nil
	for i := range nodes {
		topology.Nodes = append(topology.Nodes, fmt.Sprintf("%s.%d", nodeNet, 2+i))
	}
	for i := range sentinels {
		topology.Sentinels = append(topology.Sentinels, fmt.Sprintf("%s.%d:%d", sentinelNet, 2+i, sentinelPort))
	}
	topology.DeclaredMaster = topology.Nodes[0]
	return topology
}

// place of the master that the Sentinels name, or -1.
func (c *cluster) place() int { return indexOf(c.topology.Nodes, c.master()) }

// makeMaster fails over to the n-th node, with the other replica away meanwhile.
func (c *cluster) makeMaster(place int) {
	c.t.Helper()
	c.everybodyFollows()
	c.ready()
	before := c.place()
	var away *container
	for i, one := range c.nodes {
		if i != place && i != before {
			away = one
			away.kill()
		}
	}
	c.nodes[before].kill()
	eventually(c.t, 20*time.Second, func() error {
		if now := c.place(); now != place {
			return fmt.Errorf("%d is the master", now)
		}
		return nil
	})
	c.nodes[before].start()
	if away != nil {
		away.start()
	}
}

// recorded waits until every node has written down that the n-th is the master, under the config-epoch that the others have written down
// too. Where the Sentinels lose their data sooner, the nodes do not agree, and an operator decides.
func (c *cluster) recorded(place int) {
	c.t.Helper()
	c.everybodyFollows()
	eventually(c.t, 20*time.Second, func() error {
		var first Record
		for i, one := range c.nodes {
			record, err := LoadRecord(filepath.Join(one.dir, "data"), c.topology)
			if err != nil {
				return err
			}
			if i == 0 {
				first = record
			}
			if record.Master != c.topology.Nodes[place] || record.Epoch != first.Epoch || record.Epoch == 0 {
				return fmt.Errorf("%s has the record %+v, the first node %+v", one.address, record, first)
			}
		}
		return nil
	})
}

// confirm writes for a moment and returns the ledger, closed.
func (c *cluster) confirm(t *testing.T) *ledger {
	t.Helper()
	l := c.openLedger(4)
	l.waitForWrite(t, time.Now().Add(500*time.Millisecond))
	l.close()
	return l
}

// expectKept: everybody follows the n-th node, and it holds what the ledgers confirmed.
func (c *cluster) expectKept(t *testing.T, place int, ledgers ...*ledger) {
	t.Helper()
	c.everybodyFollows()
	if now := c.place(); now != place {
		t.Errorf("node %d is the master, want %d", now, place)
	}
	for _, l := range ledgers {
		l.check(t)
	}
}

// expectNoMaster: for a while, nobody is a master.
func (c *cluster) expectNoMaster(t *testing.T, during time.Duration) {
	t.Helper()
	for begin := time.Now(); time.Since(begin) < during; time.Sleep(100 * time.Millisecond) {
		for _, one := range c.nodes {
			if info, err := c.info(one.address); err == nil && info.Role == "master" {
				t.Fatalf("%s is a master", one.address)
			}
		}
	}
}

func (c *cluster) run(name string, test func(t *testing.T)) {
	c.t.Run(name, func(t *testing.T) {
		outer := c.t
		c.t = t
		defer func() { c.t = outer }()
		test(t)
	})
}

// redeclare stops everything and starts what is declared now.
func (c *cluster) redeclare(t *testing.T, topology Topology) {
	t.Helper()
	c.stopAll(t, c.nodes, c.sentinels)
	c.declare(topology)
	c.startAll()
}

func TestRolesSurviveWhatIsDeclared(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, 3)
	c.startAll()
	c.everybodyFollows()
	nodeNet, sentinelNet, otherNodeNet, otherSentinelNet := c.net+".0", c.net+".1", c.net+".16", c.net+".17"
	declared := c.topology

	c.run("another master name", func(t *testing.T) {
		c.makeMaster(1)
		l := c.confirm(t)
		c.redeclare(t, c.changed("renamed", nodeNet, 3, sentinelNet, 3))
		c.expectKept(t, 1, l)
	})
	c.run("other addresses, and more Sentinels", func(t *testing.T) {
		l := c.confirm(t)
		c.redeclare(t, c.changed("renamed", otherNodeNet, 3, otherSentinelNet, 5))
		c.expectKept(t, 1, l)
	})
	c.run("fewer Sentinels, and everything as it was", func(t *testing.T) {
		l := c.confirm(t)
		c.redeclare(t, declared)
		c.expectKept(t, 1, l)
	})
	c.run("the node that is master is removed while all stop, and comes back", func(t *testing.T) {
		c.makeMaster(2)
		l := c.confirm(t)
		removed := c.nodes[2]
		c.redeclare(t, c.changed(masterName, nodeNet, 2, sentinelNet, 3))
		c.expectNoMaster(t, 4*time.Second)
		if log := c.nodes[0].log.String(); !strings.Contains(log, "no node of this platform any more") {
			t.Errorf("the log does not say why there is no master:\n%s", lastLines(log, 10))
		}
		c.stopAll(t, c.nodes, c.sentinels)
		c.nodes = append(c.nodes, removed)
		c.declare(declared)
		c.startAll()
		c.expectKept(t, 2, l)
	})
	c.run("the node that is master stops first, is removed, and comes back with old data", func(t *testing.T) {
		old := c.confirm(t)
		removed := c.nodes[2]
		c.ready() // else it has nobody to hand over to
		removed.stop()
		c.redeclare(t, c.changed(masterName, nodeNet, 2, sentinelNet, 3))
		c.everybodyFollows()
		l := c.confirm(t)
		c.makeMaster(1)
		c.stopAll(t, c.nodes, c.sentinels)
		second := c.nodes[1]
		c.declare(c.changed(masterName, nodeNet, 1, sentinelNet, 3))
		c.startAll()
		c.expectNoMaster(t, 3*time.Second) // it was a replica when it last ran
		c.stopAll(t, c.nodes, c.sentinels)
		c.nodes = append(c.nodes, second, removed)
		c.declare(declared)
		c.startAll()
		c.expectKept(t, 1, old, l)
	})
}

func TestSentinelsThatLoseTheirDataLearnTheLastMasterAgain(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, 3)
	c.startAll()
	c.makeMaster(1)
	lose := func(t *testing.T) {
		for _, one := range c.sentinels {
			empty(t, filepath.Join(one.dir, "data"))
		}
	}
	named := func() error {
		if c.place() != 1 {
			return fmt.Errorf("node %d is named", c.place())
		}
		return nil
	}
	c.run("all is stopped", func(t *testing.T) {
		c.recorded(1)
		l := c.confirm(t)
		c.stopAll(t, c.nodes, c.sentinels)
		lose(t)
		begin := time.Now()
		c.startAll()
		eventually(t, 45*time.Second, named)
		t.Logf("the last master is named again after %.1f s", time.Since(begin).Seconds())
		c.expectKept(t, 1, l)
	})
	c.run("the nodes run and are written to", func(t *testing.T) {
		c.recorded(1)
		l := c.openLedger(4)
		l.waitForWrite(t, time.Now())
		for _, one := range c.sentinels {
			one.kill()
		}
		lose(t)
		begin := time.Now()
		for _, one := range c.sentinels {
			one.start()
		}
		eventually(t, 45*time.Second, named)
		t.Logf("the last master is named again after %.1f s", time.Since(begin).Seconds())
		l.waitForWrite(t, time.Now())
		l.close()
		c.expectKept(t, 1, l)
	})
}

func TestASentinelKeepsTheMembersInItsFile(t *testing.T) {
	c := newCluster(t, 1, 1)
	c.startAll()
	c.everybodyFollows()
	sentinel := c.sentinels[0]
	path := filepath.Join(sentinel.dir, "data", "sentinel.conf")
	eventually(t, 10*time.Second, func() error {
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "sentinel myid") || membersIn(string(text)) == nil {
			return fmt.Errorf("%v\n%s", err, text)
		}
		return nil
	})
}
