package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// How often things are looked at.
const (
	startInterval     = 100 * time.Millisecond
	watchInterval     = 250 * time.Millisecond
	strayInterval     = 5 * time.Second
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
	world    *World
	child    *Child
	last     atomic.Pointer[Info] // the last answer of the own server
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

	decided := make(chan Decision, 1)
	failed := make(chan error, 1)
	go func() {
		decision, err := n.decide(ctx)
		if err != nil {
			failed <- err
		} else {
			decided <- decision
		}
	}()
	select {
	case <-terminated:
		slog.Info("stopped before redis-server was started")
		return nil
	case err := <-failed:
		return err
	case decision := <-decided:
		if err := n.start(decision); err != nil {
			return err
		}
	}

	stray := make(chan string, 1)
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	go n.watch(watching)
	go n.watchMaster(watching, stray)
	select {
	case status := <-n.child.Ended:
		slog.Error("redis-server ended unexpectedly: "+describeStatus(status), logAction, actionServerEnded)
		n.failOverAtOnce(ctx)
		return errors.New("redis-server ended unexpectedly: " + describeStatus(status))
	case master := <-stray:
		n.terminate()
		return fmt.Errorf("the Sentinels name %s, which this node does not follow: restarting to follow it", master)
	case <-terminated:
		stopWatching()
		hurry := make(chan struct{})
		go func() { <-terminated; close(hurry) }()
		n.handOver(ctx, hurry)
		n.terminate()
		return nil
	}
}

// decide looks and waits until the start-up table says how to start.
func (n *Node) decide(ctx context.Context) (Decision, error) {
	hasData, err := HasData(n.env.DataDir)
	if err != nil {
		return Decision{}, fmt.Errorf("look for data: %w", err)
	}
	begin := time.Now()
	var before Decision
	var asked time.Time
	for {
		situation := Situation{
			Self: n.env.Address, Declared: n.topology.DeclaredMaster, Nodes: n.topology.Nodes,
			Sentinels: len(n.topology.Sentinels), HasData: hasData,
		}
		if len(n.topology.Nodes) > 1 {
			// The Sentinels first: a peer that they promote in between is then seen as a master.
			situation.Views = n.world.Views(ctx)
			situation.Peers = n.world.Peers(ctx)
		}
		situation.Elapsed = time.Since(begin)
		decision := Decide(situation)
		if decision != before {
			slog.Info("start-up decision: "+string(decision.Action), logAction, actionStart, "redis.decision", decision.Action,
				logRole, roleToBe(decision), logMaster, masterToBe(n.env.Address, decision), logReason, decision.Reason,
				logFix, decision.Fix, "redis.has_data", hasData, logDuration, situation.Elapsed.Nanoseconds())
			before = decision
		}
		switch decision.Action {
		case StartAsMaster, StartAsReplica:
			return decision, nil
		case GiveUp:
			return decision, fmt.Errorf("cannot start: %s. To fix: %s", decision.Reason, decision.Fix)
		case AskForFailover:
			if time.Since(asked) >= askAgainInterval {
				asked = time.Now()
				agreed, err := n.world.AskForFailover(ctx)
				slog.Warn("asked for a failover", logAction, actionFailover, "redis.sentinel", agreed, logError, errorText(err))
			}
		}
		if !sleep(ctx, startInterval) {
			return Decision{}, ctx.Err()
		}
	}
}

func (n *Node) start(decision Decision) error {
	if err := os.MkdirAll(n.env.RunDir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(n.env.RunDir, "redis.conf")
	if err := writeFile(path, RenderNodeConf(n.env, n.topology, decision.Master)); err != nil {
		return err
	}
	child, err := StartChild("redis-server", path)
	n.child = child
	return err
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
func (n *Node) watch(ctx context.Context) {
	priority := 0 // as in the rendered file
	var orphanSince, complained time.Time
	for sleep(ctx, watchInterval) {
		info, err := n.world.Own(ctx)
		if err != nil {
			continue // loading, or about to end
		}
		if before := n.last.Swap(&info); before == nil || before.Role != info.Role || before.LinkUp != info.LinkUp {
			action := actionRole
			if before != nil && before.Role == info.Role {
				action = actionLink
			}
			slog.Info(describeRole(info), logAction, action, logRole, roleOf(info), logMaster, masterOf(n.env.Address, info),
				"redis.link_up", info.LinkUp)
		}
		if info.Role == "slave" {
			priority = info.Priority // `promote` may have changed it
		}
		if wanted := NextPriority(info, priority); wanted != priority {
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

// watchMaster reports when this node follows another master than the Sentinels say, for long.
func (n *Node) watchMaster(ctx context.Context, found chan<- string) {
	var since time.Time
	for sleep(ctx, strayInterval) {
		info := n.last.Load()
		if info == nil || info.Loading {
			continue
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
		view := n.look(ctx, stage)
		view.Elapsed = time.Since(begin)
		next, why := NextStop(stage, view)
		if next != stage || why != reason {
			slog.Info("planned stop: "+string(next), logAction, actionHandOver, "redis.stage", next, logReason, why, logDuration, view.Elapsed.Nanoseconds())
		}
		if next == stage {
			sleep(ctx, 30*time.Millisecond)
		}
		stage, reason = next, why
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
		view.Failed = n.world.SetOwn(ctx, "min-replicas-to-write", "99")
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
