package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func synced(address string, offset int64) Peer {
	return Peer{Address: address, Reach: Answered, Info: Info{Role: "slave", MasterHost: "a", LinkUp: true, Priority: 100, Offset: offset, ReplicationID: "r"}}
}

func TestPlannedStop(t *testing.T) {
	master := Info{Role: "master", ReplicasOnline: 2, Offset: 10, ReplicationID: "r"}
	nobodyOnline := master
	nobodyOnline.ReplicasOnline = 0
	broken := errors.New("broken")
	equal := []Peer{synced("b", 10), synced("c", 10)}
	lagging := []Peer{synced("b", 10), synced("c", 9)}
	rows := []struct {
		name   string
		stage  StopStage
		view   StopView
		next   StopStage
		reason string
	}{
		{"a replica just stops", StopLooking, StopView{Own: Info{Role: "slave"}}, StopNow, "replica"},
		{"a master without replicas just stops", StopLooking, StopView{Own: nobodyOnline}, StopNow, "no replica"},
		{"a server that does not answer just stops", StopLooking, StopView{OwnError: broken}, StopNow, "broken"},
		{"without most Sentinels it just stops", StopLooking, StopView{Own: master, Named: []string{"a"}}, StopNow, "1 of 3"},
		{"a master with replicas and Sentinels fences", StopLooking, StopView{Own: master, Named: []string{"a", "a"}}, StopFencing, ""},
		{"a fence that fails ends it", StopFencing, StopView{Failed: broken}, StopNow, "broken"},
		{"a fence comes before levelling", StopFencing, StopView{}, StopLevelling, ""},
		{"it waits for a replica that lags", StopLevelling, StopView{Own: master, Peers: lagging}, StopLevelling, "c is at 9 of 10"},
		{"it does not wait for ever", StopLevelling, StopView{Own: master, Peers: lagging, Elapsed: levelWithin}, StopNow, "c is at 9 of 10"},
		{"it does not wait for a frozen replica", StopLevelling, StopView{Own: master, Peers: []Peer{equal[0], silent("c", Hung)}}, StopNow, "c is hung"},
		{"it does not wait where all replicas stop too", StopLevelling, StopView{Own: master, Peers: []Peer{silent("b", Refused), silent("c", Refused)}}, StopNow, "no replica can be elected"},
		{"a dead replica does not matter", StopLevelling, StopView{Own: master, Peers: []Peer{equal[0], silent("c", Refused)}}, StopAsking, ""},
		{"level replicas are handed over to", StopLevelling, StopView{Own: master, Peers: equal}, StopAsking, ""},
		{"a refused failover ends it", StopAsking, StopView{Failed: broken}, StopNow, "broken"},
		{"an accepted failover is waited for", StopAsking, StopView{}, StopSwitching, ""},
		{"one Sentinel's switch is not enough", StopSwitching, StopView{Named: []string{"b", "a", "a"}}, StopSwitching, ""},
		{"most Sentinels' switch is enough", StopSwitching, StopView{Named: []string{"b", "b", "a"}}, StopNow, "another master"},
		{"when the Sentinels stop too, it stops", StopSwitching, StopView{Named: []string{"a"}}, StopNow, "stopping too"},
		{"a switch that does not come ends it", StopSwitching, StopView{Named: []string{"a", "a", "a"}, Elapsed: switchWithin}, StopNow, "still name this node"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			row.view.Self, row.view.Sentinels = "a", 3
			next, reason := NextStop(row.stage, row.view)
			if next != row.next || !strings.Contains(reason, row.reason) {
				t.Errorf("got %s because %q, want %s because %q", next, reason, row.next, row.reason)
			}
		})
	}
}

func TestAPlannedStopEndsBeforeTheContainersStopTimeout(t *testing.T) {
	if total := switchWithin + answerTimeout + dialTimeout + 2*time.Second; total > 14*time.Second {
		t.Errorf("%s is too close to 15 s", total)
	}
}

func TestAFailoverIsForcedOnlyWhileAllReplicasAreLevel(t *testing.T) {
	unsynced := synced("c", 10)
	unsynced.Info.Priority = 0
	elsewhere := synced("c", 10)
	elsewhere.Info.MasterHost = "b"
	otherHistory := synced("c", 10)
	otherHistory.Info.ReplicationID = "other"
	rows := []struct {
		name   string
		peers  []Peer
		offset int64
		level  bool
	}{
		{"equal", []Peer{synced("b", 10), synced("c", 10)}, -1, true},
		{"equal to the master", []Peer{synced("b", 10)}, 10, true},
		{"behind the master", []Peer{synced("b", 10), synced("c", 10)}, 11, false},
		{"one behind", []Peer{synced("b", 10), synced("c", 9)}, -1, false},
		{"one unknown", []Peer{synced("b", 10), silent("c", Hung)}, -1, false},
		{"one out of reach", []Peer{synced("b", 10), silent("c", Unreachable)}, -1, false},
		{"one dead", []Peer{synced("b", 10), silent("c", Refused)}, -1, true},
		{"all dead", []Peer{silent("c", Refused)}, -1, false},
		{"one not electable but equal", []Peer{synced("b", 10), unsynced}, -1, true},
		{"none electable", []Peer{unsynced}, -1, false},
		{"one follows another master", []Peer{synced("b", 10), elsewhere}, -1, false},
		{"one is a master", []Peer{synced("b", 10), {Address: "c", Reach: Answered, Info: Info{Role: "master", Offset: 10, ReplicationID: "r"}}}, -1, false},
		{"equal numbers of different histories", []Peer{synced("b", 10), otherHistory}, -1, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if level, reason := Level("a", row.peers, row.offset); level != row.level {
				t.Errorf("got %t (%s)", level, reason)
			}
		})
	}
}

func TestReplicaPriority(t *testing.T) {
	rows := []struct {
		name          string
		info          Info
		current, want int
	}{
		{"a fresh replica can't be elected", Info{Role: "slave"}, 0, 0},
		{"a synced replica can", Info{Role: "slave", LinkUp: true}, 0, 100},
		{"a replica that lost its master still can", Info{Role: "slave"}, 100, 100},
		{"a promoted replica gives it up in advance", Info{Role: "master"}, 100, 0},
		{"a demoted master can't until it has synced", Info{Role: "slave"}, 0, 0},
	}
	for _, row := range rows {
		if got := NextPriority(row.info, row.current); got != row.want {
			t.Errorf("%s: got %d, want %d", row.name, got, row.want)
		}
	}
}

func TestANodeThatTheSentinelsDoNotKnowIsStray(t *testing.T) {
	failingOver := allName("b")
	failingOver[0].FailoverInProgress = true
	rows := []struct {
		name  string
		info  Info
		views []SentinelView
		stray bool
	}{
		{"follows the named master", Info{Role: "slave", MasterHost: "b"}, allName("b"), false},
		{"follows another", Info{Role: "slave", MasterHost: "c"}, allName("b"), true},
		{"is a second master", Info{Role: "master"}, allName("b"), true},
		{"is the master", Info{Role: "master"}, allName("a"), false},
		{"follows another during a failover", Info{Role: "slave", MasterHost: "c"}, failingOver, false},
		{"no majority", Info{Role: "slave", MasterHost: "c"}, allName("b")[:1], false},
	}
	for _, row := range rows {
		if _, stray := Stray("a", row.info, row.views, 3); stray != row.stray {
			t.Errorf("%s: got %t", row.name, stray)
		}
	}
}
