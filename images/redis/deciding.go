package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	blockedInterval = time.Second
	// Files that an operator copies or mends are looked at once they have stood still for so long.
	settledFor = 2 * time.Second
)

// Plan is how redis-server is to be started.
type Plan struct {
	Decision
	// SnapshotOnly: the append-only file is turned on once the snapshot is loaded; else redis-server would look at that file alone.
	SnapshotOnly bool
}

// Refusal is that redis-server did not start from its files, as they were then.
type Refusal struct {
	damage Damage
	files  string // their fingerprint
}

// decide looks and waits until the start-up table says how to start.
func (n *Node) decide(ctx context.Context) (Plan, error) {
	for {
		plan, again, err := n.decideOnce(ctx)
		if !again {
			return plan, err
		}
	}
}

// decideOnce is decide for the files as they are now; again: they have changed while it waited for an operator.
func (n *Node) decideOnce(ctx context.Context) (plan Plan, again bool, err error) {
	if err := clearTemporary(n.env.DataDir); err != nil {
		slog.Warn("temporary files of an earlier redis-server stay", logAction, actionDamage, logError, err.Error())
	}
	seen := newSettling(n.env.DataDir)
	files, unusable := n.examine()
	begin := time.Now()
	var before Decision
	var asked, told time.Time
	for {
		decision := Decision{Action: Block, Reason: errorText(unusable)}
		if unusable == nil {
			decision = n.prepare(n.situation(ctx, files, time.Since(begin)))
		}
		if before.Action == Block && decision.Action != Block && decision.Action != StartAsReplica {
			// Bounds count anew, as after a restart: what was waited for long ago says nothing about now.
			begin, before = time.Now(), Decision{}
			continue
		}
		if decision != before || decision.Action == Block && time.Since(told) >= orphanInterval {
			before, told = decision, time.Now()
			logDecision(n.env.Address, decision, files.HasData, time.Since(begin))
		}
		switch decision.Action {
		case StartAsMaster, StartAsReplica:
			return Plan{decision, files.SnapshotOnly}, false, unblock(n.env)
		case GiveUp:
			return Plan{}, false, errors.New(describeBlock(decision))
		case AskForFailover:
			if time.Since(asked) >= askAgainInterval {
				asked = time.Now()
				agreed, err := n.world.AskForFailover(ctx)
				slog.Warn("asked for a failover", logAction, actionFailover, "redis.sentinel", agreed, logError, errorText(err))
			}
		case Block:
			if err := block(n.env, decision); err != nil {
				return Plan{}, false, err
			}
		}
		// While it waits for an operator, the Sentinels try to fail over from time to time, and it waits for them.
		if waits := files.Damage.What != "" || unusable != nil || decision.Action == Block; waits && seen.changed() {
			return Plan{}, true, nil
		}
		interval := startInterval
		if decision.Action == Block {
			interval = blockedInterval
		}
		if !sleep(ctx, interval) {
			return Plan{}, false, ctx.Err()
		}
	}
}

// examine reads what is in the data directory.
func (n *Node) examine() (Files, error) {
	var err error
	if n.record, err = LoadRecord(n.env.DataDir, n.topology); err != nil {
		return Files{}, err
	}
	appendOnly, err := declaredAppendOnly(n.env)
	if err != nil {
		return Files{}, err
	}
	files, err := ExamineFiles(n.env.DataDir, appendOnly, n.record)
	if files.Damage.What == "" && n.refused.damage.What != "" && n.refused.files == fingerprint(n.env.DataDir) {
		files.HasData, files.Damage = true, n.refused.damage
	}
	return files, err
}

func (n *Node) situation(ctx context.Context, files Files, elapsed time.Duration) Situation {
	situation := Situation{
		Self: n.env.Address, Declared: n.topology.DeclaredMaster, Nodes: n.topology.Nodes,
		Sentinels: len(n.topology.Sentinels), HasData: files.HasData, Damage: files.Damage, Last: n.record, Elapsed: elapsed,
	}
	if !situation.Alone() {
		// The Sentinels first: a peer that they promote in between is then seen as a master.
		situation.Views = n.world.Views(ctx)
		situation.Peers = n.world.Peers(ctx)
	}
	return situation
}

// prepare decides, and does what must be done before redis-server starts.
func (n *Node) prepare(situation Situation) Decision {
	decision := Decide(situation)
	switch decision.Action {
	case StartAsMaster, StartAsReplica, SetAsideFirst:
		if err := CheckRoom(n.env.DataDir); err != nil {
			return cannotWrite(n.env.DataDir, err)
		}
	}
	if decision.Action != SetAsideFirst {
		return decision
	}
	aside, err := SetAside(n.env.DataDir, time.Now())
	if err != nil {
		return Decision{Action: Block, Reason: fmt.Sprintf("%s, and the files cannot be set aside: %s", situation.Damage.What, errorText(err)), Fix: situation.Damage.Fix}
	}
	slog.Error("the files of this node are damaged: they were set aside, and it copies the master", logAction, actionDamage,
		logRole, "replica", logMaster, decision.Master, logReason, situation.Damage.What, "file.path", aside.Path, "file.size", aside.Bytes,
		logFix, fmt.Sprintf("nothing is to be done; remove %s when nobody wants to look at it (the last %d are kept)", aside.Path, asideKept))
	decision.Action = StartAsReplica
	return decision
}

// cannotWrite says what to do where nothing can be written. It names no file, so that it stays the same from look to look.
func cannotWrite(dir string, err error) Decision {
	reason := err
	if number := syscall.Errno(0); errors.As(err, &number) {
		reason = number
	}
	fix := "make room on the disk that holds it"
	switch {
	case errors.Is(err, syscall.EROFS):
		fix = "mount it so that it can be written"
	case errors.Is(err, fs.ErrPermission):
		fix = giveBack(dir)
	}
	return Decision{Action: Block, Reason: fmt.Sprintf("nothing can be written to %s: %s", dir, reason), Fix: fix + "; this node then goes on by itself"}
}

func logDecision(self string, decision Decision, hasData bool, elapsed time.Duration) {
	level := slog.LevelInfo
	if decision.Action == Block {
		level = slog.LevelError
	}
	slog.Log(context.Background(), level, "start-up decision: "+string(decision.Action), logAction, actionStart, "redis.decision", decision.Action,
		logRole, roleToBe(decision), logMaster, masterToBe(self, decision), logReason, decision.Reason,
		logFix, decision.Fix, "redis.has_data", hasData, logDuration, elapsed.Nanoseconds())
}

// declaredAppendOnly says whether redis.conf turns the append-only file on; the last word counts.
func declaredAppendOnly(env Environment) (on bool, err error) {
	text, err := os.ReadFile(filepath.Join(env.ConfigDir, "redis.conf"))
	if err != nil {
		return false, err
	}
	for _, line := range strings.Split(string(text), "\n") {
		if words := strings.Fields(line); len(words) == 2 && strings.EqualFold(words[0], "appendonly") {
			on = strings.Trim(words[1], `"'`) == "yes"
		}
	}
	return on, nil
}

// settling notices that files have changed, once they change no more.
type settling struct {
	dir, first, last string
	since            time.Time
}

func newSettling(dir string) *settling {
	now := fingerprint(dir)
	return &settling{dir: dir, first: now, last: now}
}

func (s *settling) changed() bool {
	if now := fingerprint(s.dir); now != s.last {
		s.last, s.since = now, time.Now()
	}
	return s.last != s.first && time.Since(s.since) >= settledFor
}

func (n *Node) start(plan Plan) error {
	if err := os.MkdirAll(n.env.RunDir, 0o700); err != nil {
		return err
	}
	users, err := PrepareUsers(n.env, nodeACL)
	if err != nil {
		return err
	}
	path := filepath.Join(n.env.RunDir, "redis.conf")
	if err := writeFile(path, RenderNodeConf(n.env, n.topology, plan)+users); err != nil {
		return err
	}
	child, err := StartChild("redis-server", path)
	n.child = child
	return err
}
