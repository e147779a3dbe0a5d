package main

import "time"

// electablePriority is Redis' default; every replica that has synced gets the same, so that the offset decides.
const electablePriority = 100

// NextPriority says which replica-priority a running node should have.
//
// A replica becomes electable once it has synced, and stays so when its link goes down: that is when it is needed. A master has 0 in
// advance, so that one which is demoted (after a freeze, say) can't be elected until it has synced with its successor.
func NextPriority(info Info, current int) int {
	switch {
	case info.Role == "master":
		return 0
	case info.LinkUp:
		return electablePriority
	default:
		return current
	}
}

// strayPatience is how long a node may follow somebody else than the Sentinels say. Sentinel itself corrects nodes that it knows within ~10 s.
const strayPatience = 45 * time.Second

// Stray says whether this node follows another master than most Sentinels name, with none of them failing over: such a node
// is unknown to them (it joined while the master changed, or their memory was lost) and nobody will correct it.
func Stray(self string, info Info, views []SentinelView, sentinels int) (master string, stray bool) {
	follows := info.MasterHost
	if info.Role == "master" {
		follows = self
	}
	votes := map[string]int{}
	for _, view := range views {
		if view.FailoverInProgress {
			return "", false
		}
		votes[view.Master]++
	}
	for named, count := range votes {
		if count > sentinels/2 {
			return named, named != follows
		}
	}
	return "", false
}
