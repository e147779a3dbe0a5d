package main

import (
	"fmt"
	"time"
)

// The planned stop of a master, as a state machine: hand over to a replica first, so that writes pause for ~1.5 s instead of
// down-after plus an election, and lose none. Whatever goes wrong, the last stage is the same: stop redis-server, which saves.

// StopStage is a stage of a planned stop.
type StopStage string

// The stages, in order. Any may go to StopNow.
const (
	StopLooking   StopStage = "looking"   // is there somebody to hand over to?
	StopFencing   StopStage = "fencing"   // refuse writes: a master that goes on accepting them loses them
	StopLevelling StopStage = "levelling" // until the replicas have everything
	StopAsking    StopStage = "asking"    // one Sentinel for a failover
	StopSwitching StopStage = "switching" // until most Sentinels name another; clients follow them, so they come first
	StopNow       StopStage = "stopping"  // SIGTERM to redis-server
)

// Bounds in seconds since SIGTERM. Their sum stays below the container's stop timeout (15 s).
const (
	levelWithin  = 2 * time.Second
	switchWithin = 10 * time.Second
)

// StopView is what the current stage found out.
type StopView struct {
	Self      string
	Sentinels int
	Own       Info
	OwnError  error
	Peers     []Peer
	Named     []string // who the answering Sentinels name
	Failed    error    // of fencing or asking
	Elapsed   time.Duration
}

// NextStop returns the stage after this one, or the same to look again.
func NextStop(stage StopStage, view StopView) (next StopStage, reason string) {
	switch stage {
	case StopLooking:
		switch {
		case view.OwnError != nil:
			return StopNow, "own Redis does not answer: " + view.OwnError.Error()
		case view.Own.Role != "master":
			return StopNow, "this node is a replica"
		case view.Own.ReplicasOnline == 0:
			return StopNow, "no replica is connected"
		case len(view.Named) <= view.Sentinels/2:
			return StopNow, fmt.Sprintf("%d of %d Sentinels answer", len(view.Named), view.Sentinels)
		}
		return StopFencing, fmt.Sprintf("%d replicas are connected", view.Own.ReplicasOnline)
	case StopFencing:
		if view.Failed != nil {
			return StopNow, "fencing failed: " + view.Failed.Error()
		}
		return StopLevelling, "writes are refused from here on"
	case StopLevelling:
		if view.OwnError != nil {
			return StopNow, "own Redis does not answer: " + view.OwnError.Error()
		}
		level, reason := Level(view.Self, view.Peers, view.Own.Offset)
		switch {
		case level:
			return StopAsking, "all replicas have everything"
		case !worthWaiting(view.Peers) || view.Elapsed >= levelWithin:
			return StopNow, reason
		}
		return StopLevelling, reason
	case StopAsking:
		if view.Failed != nil {
			return StopNow, "no Sentinel began a failover: " + view.Failed.Error()
		}
		return StopSwitching, "a Sentinel began a failover"
	case StopSwitching:
		switch {
		case view.handedOver():
			return StopNow, "most Sentinels name another master"
		case len(view.Named) <= view.Sentinels/2:
			return StopNow, "the Sentinels are stopping too"
		case view.Elapsed >= switchWithin:
			return StopNow, fmt.Sprintf("after %s most Sentinels still name this node", switchWithin)
		}
		return StopSwitching, "the failover is under way"
	}
	return StopNow, "stopping"
}

// handedOver says whether most Sentinels name another master.
func (v StopView) handedOver() bool {
	others := 0
	for _, named := range v.Named {
		if named != v.Self {
			others++
		}
	}
	return others > v.Sentinels/2
}

// worthWaiting: a lag goes away; a peer that is silent or none of ours does not, and each second is one without writes.
func worthWaiting(peers []Peer) bool {
	lagging := false
	for _, peer := range peers {
		if peer.Reach == Hung || peer.Reach == Unreachable {
			return false
		}
		lagging = lagging || peer.Reach == Answered
	}
	return lagging
}
