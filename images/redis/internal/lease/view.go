// Package lease is the arithmetic by which a Redis master earns the right to confirm writes: until when is it certain that no failover
// of it begins? It asks nobody and reads no clock. README.md has the rules (R1 ...) to which the comments refer.
package lease

import (
	"fmt"
	"slices"
	"time"
)

// Moment is a time on CLOCK_BOOTTIME: how long the machine runs, sleep included. 0 stands for none.
type Moment = time.Duration

const (
	// margin covers that Sentinel answers in whole milliseconds, of a clock read once per turn of its event loop.
	margin = 20 * time.Millisecond
	// forgotten is when votes of before no longer count: a Sentinel believes another's "down" for 5 s and asks for it once a second.
	forgotten = 6 * time.Second
	// recent: a Sentinel that was heard so lately is not silent.
	recent = time.Second
)

// Answer is what a Sentinel says in one breath: GET-MASTER-ADDR-BY-NAME and MASTER.
type Answer struct {
	Named           string // address:port that it gives to clients
	Master          string // address:port that it watches as master; during a failover that it leads still the old one
	Flags           []string
	RoleReported    string // what that master's last INFO said
	ConfigEpoch     int64
	Quorum          int
	OtherSentinels  int
	DownAfter       time.Duration
	LastPingSent    time.Duration // age of the oldest ping without an answer; 0: none
	LastOkPingReply time.Duration // age of the last good answer
}

// View is what the last word of one Sentinel is worth.
type View struct {
	Names   bool   // this node is its master
	Other   bool   // another one is, at Epoch
	Against bool   // it leads or has begun a failover of this node
	Until   Moment // before this it cannot begin one; 0: no promise
	Since   Moment // since when its promise has not lapsed; 0: has none
	Asked   Moment // before its answer
	Epoch   int64
	Trouble bool   // a failover may be near, so look often
	Why     string // it makes no promise
}

// Judge reads an answer to a question that was put at asked, for the node self (address:port). This is rule R1.
//
// A Sentinel calls a master down once its oldest unanswered ping is older than down-after, and only then may vote for or begin a
// failover. An answered ping leaves none; the next is sent after the answer to us was written.
func Judge(self string, asked Moment, a Answer) View {
	has := func(flag string) bool { return slices.Contains(a.Flags, flag) }
	view := View{Asked: asked, Epoch: a.ConfigEpoch}
	view.Trouble = has("s_down") || has("o_down") || has("failover_in_progress") || has("disconnected")
	promise := asked + a.DownAfter - margin
	switch {
	case a.Named == self && a.Master != self:
		// It leads the failover that made this node master and still moves the replicas. Then it begins to watch anew.
		view.Names, view.Until = true, promise
	case has("failover_in_progress"):
		view.Names, view.Other, view.Against = a.Named == self, a.Named != self, true
		view.Why = "is failing over"
	case a.Named != self && (has("s_down") || has("o_down")):
		// It may yet be elected to fail that one over, and promote a third.
		view.Other = true
		view.Why = "names " + a.Named + ", which it sees as down"
	case a.Named != self:
		// Where this node is the newer master, it begins to watch it when it learns so. Decide tells by the epoch.
		view.Other, view.Until = true, promise
		view.Why = "names " + a.Named
	case has("s_down") || has("o_down"):
		view.Names = true
		view.Why = "sees this node as down"
	case !has("master") || a.RoleReported != "master":
		view.Names = true
		view.Why = fmt.Sprintf("knows this node as %s", a.RoleReported)
	case has("disconnected") && a.LastPingSent == 0:
		view.Names, view.Until = true, promise-a.LastOkPingReply
	default:
		view.Names, view.Until = true, promise-a.LastPingSent
	}
	return view
}

// refusal is rule R4: nobody listens at the Sentinel's port. One that starts later gives the master a whole down-after. It still counts as
// naming this node if its promise had not lapsed: then it ended before it could begin a failover. One that was for another
// master to the end may have written that down, and comes back with it: its last word stands.
func refusal(before View, asked Moment, downAfter time.Duration) View {
	if before.Against || before.Other {
		return before
	}
	view := View{Asked: asked, Trouble: before.Trouble, Why: "refuses connections"}
	if downAfter > 0 {
		view.Until = asked + downAfter - margin
	}
	if before.Names && before.Since > 0 && asked <= before.Until {
		view.Names, view.Epoch = true, before.Epoch
	}
	return view
}

// follow makes a view the successor of another one of the same Sentinel.
func (v View) follow(before View) View {
	if v.Until > 0 {
		v.Since = v.Asked
		if before.Since > 0 && v.Asked <= before.Until {
			v.Since = before.Since
		}
	}
	return v
}

// mayLead says whether a Sentinel without a promise that lasts may lead a failover, for all that is known. Silence is no proof that it is dead: it may
// be paused at that very moment. But one that was content with an earlier master when it fell silent had no reason to.
func (v View) mayLead(now Moment) bool {
	content := v.Other && v.Until > 0
	return v.Asked > 0 && (!content || now-v.Asked < recent)
}
