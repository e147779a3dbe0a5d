package main

import (
	"fmt"
	"strings"
	"time"
)

// Action is what a node that is not running yet does next.
type Action string

// The actions, from most to least usual.
const (
	StartAsReplica Action = "start as replica"
	StartAsMaster  Action = "start as master"
	Wait           Action = "wait"
	AskForFailover Action = "ask for failover" // and keep waiting
	SetAsideFirst  Action = "set files aside"  // then start as replica
	Block          Action = "wait for an operator"
	GiveUp         Action = "give up" // exit with an error; the restart policy tries again
)

// Bounds of the waits. Each counts from the supervisor's start.
const (
	// After this long without a safe choice the node gives up. Longer than the 2 x failover-timeout (20 s) for which
	// Sentinel refuses to try again after a failover that it had to abort.
	patience = 60 * time.Second
	// An address that refuses nothing and answers nothing has nobody behind it, or a firewall before it.
	unreachablePatience = 3 * time.Second
	// A peer that takes connections but does not answer is frozen and may come back electable; by then the Sentinels have chosen.
	hungPatience = 10 * time.Second
	// Sentinel starts a failover ~2 s after the master's death, unless it aborted one in the last 20 s. Not to be lowered:
	// until then the Sentinels' once-a-second INFO may still be of the time before the death, and two failovers may collide.
	askPatience = 5 * time.Second
	// All containers of a platform that starts are there within seconds.
	damagedPatience = 15 * time.Second
)

// Reach says how far a question to a peer got.
type Reach string

// What a peer may do.
const (
	Answered    Reach = "answered"
	Refused     Reach = "refused"     // nobody listens, so nobody can be elected there
	Unreachable Reach = "unreachable" // not even a refusal
	Hung        Reach = "hung"        // connected, but no (usable) answer
)

// Peer is another Redis node as seen from here. Info counts only if it answered.
type Peer struct {
	Address string
	Reach   Reach
	Info    Info
	Error   string // why it did not answer
}

// SentinelView is one Sentinel's answer to SENTINEL MASTER.
type SentinelView struct {
	Sentinel           string
	Master             string
	ConfigEpoch        int64
	FailoverInProgress bool
	MasterDown         bool // objectively: a quorum agrees
}

// Situation is everything a start decision depends on.
type Situation struct {
	Self      string
	Declared  string
	Nodes     []string
	Sentinels int            // how many there are
	Views     []SentinelView // of those that answered
	Peers     []Peer         // all nodes but oneself
	HasData   bool           // own files hold at least one key
	Damage    Damage         // of own files, which then count as data
	Last      Record         // the last master that this node knew; its Master is empty if none
	Elapsed   time.Duration  // since the supervisor's start
}

// Decision is what to do and why. Fix, if set, says what an operator can do.
type Decision struct {
	Action Action
	Master string // of StartAsReplica and SetAsideFirst
	Reason string
	Fix    string
}

// Alone says whether this node need not ask anybody: nobody else can hold anything newer. A node that is the only one left of several
// may have been a replica of one that was removed.
func (s Situation) Alone() bool {
	return len(s.Nodes) == 1 && !s.Last.Several && (s.Last.Master == "" || s.Last.Master == s.Self)
}

// Decide is the start-up table; its rows are tried from the top. README.md shows it.
func Decide(s Situation) Decision {
	decision := s.decideByRoles()
	if s.Damage.What != "" {
		return s.decideDamaged(decision)
	}
	return decision
}

func (s Situation) decideByRoles() Decision {
	if s.Alone() {
		return Decision{Action: StartAsMaster, Reason: "it is the only node"}
	}
	if majority := s.Sentinels/2 + 1; len(s.Views) < majority {
		return s.waitFor(patience, fmt.Sprintf("%d of %d Sentinels answer, %d are needed", len(s.Views), s.Sentinels, majority),
			"start the Sentinels, or allow this node to reach them")
	}
	for _, view := range s.Views {
		if view.FailoverInProgress {
			return s.waitFor(patience, "Sentinel "+view.Sentinel+" reports a failover in progress",
				"look at the Sentinels' logs: a failover ends within failover-timeout")
		}
	}
	master, epoch, agreed := namedMaster(s.Views)
	switch {
	case !agreed:
		return s.waitFor(patience, "the Sentinels name different masters at the same config-epoch: "+describeViews(s.Views),
			"they agree once they see each other; if not, stop all Sentinels but those that are right")
	case epoch < s.Last.Epoch:
		return s.decideFromRecord(master, epoch)
	case !contains(s.Nodes, master):
		return Decision{Action: StartAsReplica, Master: master, Reason: "the Sentinels name it; it is no node of this platform any more, so it hands over when it stops",
			Fix: "if it is gone already, add it again (as many replicas as before); or, if its data is lost, run on the replica to continue from: " + promoteCommand}
	case master != s.Self:
		return Decision{Action: StartAsReplica, Master: master, Reason: "the Sentinels name it"}
	}
	return s.decideAsNamed("the Sentinels name it")
}

// decideFromRecord: the Sentinels know less than this node, so what they say of the master counts for nothing. The last master that this node
// knew counts, if no other node knows of a later one: each follows the one that it knows of, and that one looks whether all do.
func (s Situation) decideFromRecord(named string, epoch int64) Decision {
	reason := fmt.Sprintf("the Sentinels have lost their data (they are at config-epoch %d, this node has seen %d)", epoch, s.Last.Epoch)
	switch {
	case s.Last.Master != s.Self:
		return Decision{Action: StartAsReplica, Master: s.Last.Master, Reason: reason + "; it is the last master that this node knew"}
	case named != s.Self:
		// The Sentinels are to elect this node, as soon as all others follow it (see keepRecord).
		return Decision{Action: StartAsReplica, Master: named, Reason: reason + "; this node was the last master that it knew, which the Sentinels have to find out"}
	case allFollow(s.Self, s.Peers):
		return s.decideAsNamed(reason + "; all nodes say that this one was the last master")
	}
	return s.waitFor(patience, reason+"; this node was the last master that it knew, but not all others say so",
		"start all nodes; if one is gone for good, or another was master later, run on the one to continue from: "+promoteCommand)
}

// decideAsNamed: this node is the one to be master, unless a peer can be elected or has what this one lacks.
func (s Situation) decideAsNamed(note string) Decision {
	for _, peer := range s.Peers {
		if peer.Reach == Answered && peer.Info.Role == "master" {
			return s.waitFor(patience, "peer "+peer.Address+" is a master, the Sentinels decide",
				"restart "+peer.Address+": it then follows the master that the Sentinels name")
		}
	}
	for _, peer := range s.Peers {
		if peer.Reach == Answered && peer.Info.Electable() {
			return s.waitForElection(peer)
		}
	}
	for _, peer := range s.Peers {
		if peer.Reach == Hung && s.Elapsed < hungPatience {
			return Decision{Action: Wait, Reason: "peer " + peer.Address + " does not answer and may be electable: " + peer.Error}
		}
		if peer.Reach == Unreachable && s.Elapsed < unreachablePatience {
			return Decision{Action: Wait, Reason: "peer " + peer.Address + " is out of reach and may be electable: " + peer.Error}
		}
	}
	if s.HasData {
		return Decision{Action: StartAsMaster, Reason: note + ", it has data, and no peer can be elected"}
	}
	for _, peer := range s.Peers {
		switch {
		case peer.Reach != Answered:
			reason := "this node is empty and peer " + peer.Address + " may hold keys: " + string(peer.Reach) + " " + peer.Error
			if s.Elapsed < damagedPatience {
				return Decision{Action: Wait, Reason: reason}
			}
			return Decision{Action: Block, Reason: reason, Fix: "start " + peer.Address + ", or remove it from the platform"}
		case peer.Info.Loading:
			return s.waitFor(patience, "this node is empty and peer "+peer.Address+" is still loading its data",
				"wait for it, or look at its log")
		case peer.Info.Keys > 0:
			return Decision{Action: Block, Reason: fmt.Sprintf("this node is empty and peer %s holds %d keys; starting as master would delete them", peer.Address, peer.Info.Keys),
				Fix: continueElsewhere}
		}
	}
	return Decision{Action: StartAsMaster, Reason: note + ", and no node holds any key"}
}

// continueElsewhere is what an operator can do where this node should be master, and has lost its data.
const continueElsewhere = "choose the node to continue from (compare with `redis-node promote` on each, which shows what it holds), then run there, " +
	"which loses what that node does not hold: `" + promoteCommand + "`"

// decideDamaged: own files cannot be used. Where a normal start would replace them by the master's data anyway, they can go; else they may be
// the only ones that hold the newest data, and nobody touches them.
func (s Situation) decideDamaged(whole Decision) Decision {
	blocked := Decision{Action: Block, Reason: s.Damage.What}
	ways := []string{"restore a backup (`npm run restore`)"}
	if s.Damage.Fix != "" {
		ways = append(ways, s.Damage.Fix)
	}
	switch whole.Action {
	case StartAsReplica:
		_, epoch, _ := namedMaster(s.Views)
		forgotten := epoch < s.Last.Epoch && s.Last.Master == s.Self
		if master := s.peer(whole.Master); !forgotten && master.Reach == Answered && master.Info.Role == "master" && !master.Info.Loading {
			return Decision{Action: SetAsideFirst, Master: whole.Master, Reason: s.Damage.What + "; the master holds the data"}
		}
		if s.Elapsed < damagedPatience {
			return Decision{Action: Wait, Master: whole.Master, Reason: s.Damage.What + "; waiting for the master, to copy it"}
		}
		blocked.Reason += fmt.Sprintf(", and the master %s, which this node would copy, is not there", whole.Master)
		ways = append([]string{"start " + whole.Master + ", and this node goes on by itself"}, ways...)
	case StartAsMaster:
		if len(s.Nodes) > 1 {
			blocked.Reason += ", and the Sentinels name this node: the others may lack what it holds"
			ways = append(ways, continueElsewhere)
		}
	default:
		return whole
	}
	blocked.Fix = strings.Join(ways, "; or ")
	return blocked
}

func (s Situation) peer(address string) Peer {
	for _, peer := range s.Peers {
		if peer.Address == address {
			return peer
		}
	}
	return Peer{Address: address, Reach: Unreachable}
}

// waitForElection leaves the choice to the Sentinels, and asks them for it if they do not choose by themselves.
func (s Situation) waitForElection(peer Peer) Decision {
	reason := fmt.Sprintf("peer %s can be elected (replica-priority %d), the Sentinels decide", peer.Address, peer.Info.Priority)
	if s.Elapsed >= askPatience && s.Elapsed < patience && s.mostSeeMasterDown() {
		return Decision{Action: AskForFailover, Reason: reason + ", and did not begin by themselves"}
	}
	return s.waitFor(patience, reason, "look at the Sentinels' logs: do they reach "+peer.Address+"?")
}

func (s Situation) mostSeeMasterDown() bool {
	down := 0
	for _, view := range s.Views {
		if view.MasterDown {
			down++
		}
	}
	return down > s.Sentinels/2
}

func (s Situation) waitFor(bound time.Duration, reason, fix string) Decision {
	if s.Elapsed < bound {
		return Decision{Action: Wait, Reason: reason, Fix: fix}
	}
	return Decision{Action: GiveUp, Reason: fmt.Sprintf("after %s still: %s", bound, reason), Fix: fix}
}

// namedMaster takes the answer with the highest config-epoch; Sentinels that were away still have an older one.
func namedMaster(views []SentinelView) (master string, epoch int64, agreed bool) {
	var newest SentinelView
	agreed = len(views) > 0
	for i, view := range views {
		switch {
		case i == 0 || view.ConfigEpoch > newest.ConfigEpoch:
			newest, agreed = view, true
		case view.ConfigEpoch == newest.ConfigEpoch && view.Master != newest.Master:
			agreed = false
		}
	}
	return newest.Master, newest.ConfigEpoch, agreed
}

func describeViews(views []SentinelView) string {
	var parts []string
	for _, view := range views {
		parts = append(parts, fmt.Sprintf("%s says %s (%d)", view.Sentinel, view.Master, view.ConfigEpoch))
	}
	return strings.Join(parts, ", ")
}
