package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// How often things are looked at.
const (
	startInterval     = 100 * time.Millisecond
	watchInterval     = 250 * time.Millisecond
	strayInterval     = 5 * time.Second
	roomInterval      = 2 * time.Second
	orphanInterval    = 30 * time.Second // a replica without a master says so this often
	askAgainInterval  = 5 * time.Second
	terminateInterval = 500 * time.Millisecond
	// After the death of redis-server: replicas get what the kernel still holds for them within milliseconds. Being late is
	// worse than not asking, for at down-after (1.5 s) the Sentinels begin by themselves.
	levelAfterDeathWithin = 250 * time.Millisecond
)

// Node supervises one redis-server.
type Node struct {
	env      Environment
	topology Topology
	keeper   *Keeper // nil without fencing
	world    *World
	child    *Child
	last     atomic.Pointer[Info] // the last answer of the own server
	record   Record               // of the last master; keepRecord's while the server runs
	standing atomic.Pointer[Standing]
	refused  Refusal // of the last redis-server
}

// RunNode decides how to start, runs redis-server and returns when it has ended: nil after a planned stop.
func RunNode(env Environment) error {
	syscall.Umask(0o077) // CONFIG REWRITE writes passwords into the main file
	topology, err := LoadTopology(env, "node.json")
	if err != nil {
		return err
	}
	if !contains(topology.Nodes, env.Address) {
		return fmt.Errorf("NODE_ADDRESS is %s: it must be one of nodes %v in node.json", env.Address, topology.Nodes)
	}
	if err := checkModule(env, topology); err != nil {
		return err
	}
	world, err := NewWorld(env, topology)
	if err != nil {
		return err
	}
	defer world.Close()
	n := &Node{env: env, topology: topology, world: world}

	terminated := make(chan os.Signal, 2)
	signal.Notify(terminated, syscall.SIGTERM, syscall.SIGINT)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	if err := unblock(env); err != nil {
		return err
	}
	for {
		if again, err := n.attempt(ctx, terminated); !again {
			return err
		}
	}
}

// attempt runs one redis-server. It is to be tried again where that did not start from its files, so that another decision is due.
func (n *Node) attempt(whole context.Context, terminated <-chan os.Signal) (again bool, err error) {
	ctx, cancel := context.WithCancel(whole)
	defer cancel()
	n.last.Store(nil)
	decided := make(chan Plan, 1)
	failed := make(chan error, 1)
	go func() {
		plan, err := n.decide(ctx)
		if err != nil {
			failed <- err
		} else {
			decided <- plan
		}
	}()
	var plan Plan
	select {
	case <-terminated:
		slog.Info("stopped before redis-server was started")
		return false, nil
	case err := <-failed:
		return false, err
	case plan = <-decided:
		if err := n.start(plan); err != nil {
			return false, err
		}
	}

	stray := make(chan string, 1)
	noRoom := make(chan error, 1)
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	var all sync.WaitGroup
	run := func(watch func()) {
		all.Add(1)
		go func() { defer all.Done(); watch() }()
	}
	if n.topology.Fencing == FencingLease {
		n.keeper = n.world.NewKeeper()
		run(func() { n.keeper.Run(ctx) }) // to the end: a planned stop that is given up needs the lease again
	}
	run(func() { n.watch(watching, plan) })
	run(func() { n.watchMaster(watching, stray) })
	run(func() { n.watchRoom(watching, noRoom) })
	run(func() { n.keepRecord(watching) })
	select {
	case status := <-n.child.Ended:
		slog.Error("redis-server ended unexpectedly: "+describeStatus(status), logAction, actionServerEnded)
		if n.refused.damage = n.refusal(status); n.refused.damage.What != "" {
			n.refused.files = fingerprint(n.env.DataDir)
			cancel()
			all.Wait()
			return true, nil
		}
		n.failOverAtOnce(ctx)
		return false, errors.New("redis-server ended unexpectedly: " + describeStatus(status))
	case master := <-stray:
		n.terminate()
		return false, fmt.Errorf("the Sentinels name %s, which this node does not follow: restarting to follow it", master)
	case err := <-noRoom:
		slog.Error("this replica has no room to copy its master: it ends until there is some", logAction, actionDamage, logRole, "replica", logError, err.Error())
		if err := n.world.SetOwn(ctx, "save", ""); err != nil { // which it could not
			slog.Error("CONFIG SET save", logError, err.Error())
		}
		n.terminate()
		cancel()
		all.Wait()
		return true, nil
	case <-terminated:
		stopWatching()
		hurry := make(chan struct{})
		go func() { <-terminated; close(hurry) }()
		n.handOver(ctx, hurry)
		n.terminate()
		return false, nil
	}
}

// refusal is the damage for which a redis-server has ended that was not ready yet.
func (n *Node) refusal(status syscall.WaitStatus) Damage {
	switch last := n.last.Load(); {
	case last != nil && !last.Loading:
		return Damage{}
	case status.Exited() && status.ExitStatus() == 1:
		return RefusalIn(n.env.DataDir, n.child.LastWords())
	}
	return CrashIn(status)
}

// terminate ends redis-server in good order. A server that can't exit yet (a replica that writes its first append-only
// file after a sync, a failed save) forgets the signal, so it is repeated; the container's stop timeout ends it.
func (n *Node) terminate() {
	for {
		if err := n.child.Terminate(); err != nil && !errors.Is(err, syscall.ESRCH) {
			slog.Error("SIGTERM to redis-server", logError, err.Error())
		}
		select {
		case status := <-n.child.Ended:
			slog.Info("redis-server stopped: "+describeStatus(status), logAction, actionServerEnded)
			return
		case <-time.After(terminateInterval):
		}
	}
}

// watch keeps replica-priority right and remembers what this node is.
func (n *Node) watch(ctx context.Context, plan Plan) {
	priority := 0 // as in the rendered file
	appendOnlyDue := plan.SnapshotOnly
	ousted := false
	staged := true
	var orphanSince, complained time.Time
	for sleep(ctx, watchInterval) {
		info, err := n.world.Own(ctx)
		if err != nil {
			continue // loading, or about to end
		}
		if staged && !info.Loading {
			staged = false
			if err := RemoveStaged(n.env.DataDir); err != nil {
				slog.Error("what an interrupted restore left stays", logError, err.Error())
			}
		}
		if before := n.last.Swap(&info); before == nil || before.Role != info.Role || before.LinkUp != info.LinkUp {
			action := actionRole
			if before != nil && before.Role == info.Role {
				action = actionLink
			}
			slog.Info(describeRole(info), logAction, action, logRole, roleOf(info), logMaster, masterOf(n.env.Address, info),
				"redis.link_up", info.LinkUp)
		}
		if appendOnlyDue && !info.Loading {
			err := n.world.SetOwn(ctx, "appendonly", "yes")
			slog.Info("the append-only file, which was not there yet, begins with what the snapshot held", logAction, actionStart, "redis.keys", info.Keys, logError, errorText(err))
			appendOnlyDue = err != nil
		}
		ousted = n.dropClients(ctx, info, ousted)
		if info.Role == "slave" {
			priority = info.Priority // `promote` may have changed it
		}
		if wanted := n.wantedPriority(info, priority); wanted != priority {
			if err := n.world.SetOwn(ctx, "replica-priority", strconv.Itoa(wanted)); err != nil {
				slog.Error("CONFIG SET replica-priority", logAction, actionPriority, logError, err.Error())
				continue
			}
			slog.Info("replica-priority changed", logAction, actionPriority, "redis.priority_before", priority, "redis.priority", wanted, logRole, roleOf(info))
			priority = wanted
		}
		orphan := info.Role == "slave" && !info.LinkUp && priority == 0
		if !orphan {
			orphanSince = time.Time{}
		} else if orphanSince.IsZero() {
			orphanSince, complained = time.Now(), time.Now()
		} else if time.Since(complained) >= orphanInterval {
			complained = time.Now()
			slog.Warn("this replica has not synced since its start, so the Sentinels will not elect it",
				logAction, actionNotElectable, logRole, roleOf(info), logMaster, info.MasterHost, "redis.keys", info.Keys, logDuration, time.Since(orphanSince).Nanoseconds(),
				logFix, "start "+info.MasterHost+"; if it is gone for good, choose the replica to continue from and run there: "+promoteCommand)
		}
	}
}

// dropClients closes the connections of clients once most Sentinels name another master: they then ask the Sentinels anew. Sentinel itself does
// so only when it makes this node a replica, up to 10 s later, and until then they would get nothing but refusals. It returns whether
// this node is such a master; clients are dropped once.
func (n *Node) dropClients(ctx context.Context, info Info, before bool) bool {
	ousted := info.Role == "master" && n.keeper != nil && n.keeper.ousted.Load()
	if !ousted || before {
		return ousted
	}
	err := n.world.DropClients(ctx)
	slog.Warn("most Sentinels name another master: clients were sent to ask them", logAction, actionOusted, logRole, "master", logError, errorText(err))
	return err == nil
}

// watchMaster reports when this node follows another master than the Sentinels say, for long.
func (n *Node) watchMaster(ctx context.Context, found chan<- string) {
	var since time.Time
	for sleep(ctx, strayInterval) {
		info := n.last.Load()
		if info == nil || info.Loading {
			continue
		}
		if standing := n.standing.Load(); standing != nil && (*standing == Forgotten || *standing == LastMaster) {
			continue // the Sentinels are wrong, and will fail over
		}
		master, stray := Stray(n.env.Address, *info, n.world.Views(ctx), len(n.topology.Sentinels))
		switch {
		case !stray || !contains(n.topology.Nodes, master):
			since = time.Time{}
		case since.IsZero():
			since = time.Now()
			slog.Warn("the Sentinels name another master than this node follows", logAction, actionStray, logRole, roleOf(*info),
				logMaster, masterOf(n.env.Address, *info), "redis.named_master", master)
		case time.Since(since) >= strayPatience:
			found <- master
			return
		}
	}
}

// watchRoom reports that a replica cannot copy its master for want of room: it would begin anew many times a second, and have the master fork each time.
func (n *Node) watchRoom(ctx context.Context, found chan<- error) {
	lacking := 0
	for sleep(ctx, roomInterval) {
		info := n.last.Load()
		if info == nil || info.Role != "slave" || info.LinkUp {
			lacking = 0
			continue
		}
		err := CheckRoom(n.env.DataDir)
		if lacking++; err == nil {
			lacking = 0
		}
		if lacking == 2 {
			found <- err
			return
		}
	}
}

// failOverAtOnce spares the Sentinels the wait for down-after when the master's process has died. It can accept nothing any more, so no
// fence is needed; see Level for why all replicas must have the same data. What the node was may be out of date by a
// moment: Level and AskForFailover both check that it still is the replicas' and the Sentinels' master.
func (n *Node) failOverAtOnce(ctx context.Context) {
	if last := n.last.Load(); last == nil || last.Role != "master" || last.ReplicasOnline == 0 {
		return
	}
	begin := time.Now()
	reason := ""
	for time.Since(begin) < levelAfterDeathWithin {
		looking, cancel := context.WithTimeout(ctx, levelAfterDeathWithin)
		level, why := Level(n.env.Address, n.world.Peers(looking), -1)
		cancel()
		reason = why
		if level {
			agreed, err := n.world.AskForFailover(ctx)
			slog.Warn("asked for a failover at once", logAction, actionFailover, logRole, "master", logMaster, n.env.Address,
				"redis.sentinel", agreed, logError, errorText(err), logDuration, time.Since(begin).Nanoseconds())
			return
		}
		sleep(ctx, 10*time.Millisecond)
	}
	slog.Warn("the failover is left to the Sentinels", logAction, actionLeft, logMaster, n.env.Address, logReason, reason)
}

// handOver runs the planned stop up to the point where redis-server may be stopped.
func (n *Node) handOver(ctx context.Context, hurry <-chan struct{}) {
	begin := time.Now()
	stage, reason := StopLooking, ""
	var view StopView
	for stage != StopNow {
		select {
		case <-hurry:
			slog.Warn("planned stop cut short by a second signal", logAction, actionHandOver, "redis.stage", stage)
			return
		case status := <-n.child.Ended:
			slog.Error("redis-server ended during the planned stop: "+describeStatus(status), logAction, actionServerEnded)
			ended := make(chan syscall.WaitStatus, 1)
			ended <- status
			n.child.Ended = ended
			return
		default:
		}
		view = n.look(ctx, stage)
		view.Elapsed = time.Since(begin)
		next, why := NextStop(stage, view)
		if next != stage || why != reason {
			slog.Info("planned stop: "+string(next), logAction, actionHandOver, "redis.stage", next, logReason, why, logDuration, view.Elapsed.Nanoseconds())
		}
		if next == stage {
			sleep(ctx, 30*time.Millisecond)
		}
		if fenced := stage != StopLooking; next == StopNow && fenced && !view.handedOver() {
			if err := n.world.Unfence(ctx); err != nil {
				slog.Error("RP.UNFENCE", logAction, actionHandOver, logError, err.Error())
			}
		}
		stage, reason = next, why
	}
	if view.handedOver() {
		n.sendClientsAway(ctx)
	}
}

// sendClientsAway lets a master that has handed over end at once. While redis-server waits for replicas, which have left for the new master, it
// keeps writes waiting instead of refusing them, and whoever waits learns nothing when it ends.
func (n *Node) sendClientsAway(ctx context.Context) {
	err := n.world.SetOwn(ctx, "shutdown-timeout", "0")
	if n.keeper != nil {
		err = errors.Join(err, n.world.DropClients(ctx))
	}
	if err != nil {
		slog.Error("clients cannot be sent to the new master", logAction, actionHandOver, logError, err.Error())
	}
}

// look finds out, or does, what the stage is about.
func (n *Node) look(ctx context.Context, stage StopStage) StopView {
	view := StopView{Self: n.env.Address, Sentinels: len(n.topology.Sentinels)}
	switch stage {
	case StopLooking:
		if view.Own, view.OwnError = n.world.Own(ctx); view.OwnError == nil && view.Own.Role == "master" && view.Own.ReplicasOnline > 0 {
			view.Named = n.world.Named(ctx)
		}
	case StopFencing:
		view.Failed = n.world.Fence(ctx)
	case StopLevelling:
		// The master first: what it has now, the replicas must have when they are asked.
		view.Own, view.OwnError = n.world.Own(ctx)
		view.Peers = n.world.Peers(ctx)
	case StopAsking:
		_, view.Failed = n.world.AskForFailover(ctx)
	case StopSwitching:
		view.Named = n.world.Named(ctx)
	}
	return view
}

// sleep waits, and says whether to go on.
func sleep(ctx context.Context, duration time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(duration):
		return true
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
