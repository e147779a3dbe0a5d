package main

import (
	"strings"
	"testing"
	"time"
)

// Three nodes a (this one), b and c; a is the declared master; three Sentinels.

func view(sentinel, master string, epoch int64) SentinelView {
	return SentinelView{Sentinel: sentinel, Master: master, ConfigEpoch: epoch}
}

func allName(master string) []SentinelView {
	return []SentinelView{view("s1", master, 0), view("s2", master, 0), view("s3", master, 0)}
}

func allNameDown(master string) []SentinelView {
	views := allName(master)
	for i := range views {
		views[i].MasterDown = true
	}
	return views
}

func replica(address string, priority int, keys int64) Peer {
	return Peer{Address: address, Reach: Answered, Info: Info{Role: "slave", Priority: priority, Keys: keys, MasterHost: "a"}}
}

func silent(address string, reach Reach) Peer {
	return Peer{Address: address, Reach: reach, Error: "no answer"}
}

func TestStartTable(t *testing.T) {
	failingOver := allName("a")
	failingOver[2].FailoverInProgress = true
	loading := replica("b", 0, 0)
	loading.Info.Loading = true
	master := Peer{Address: "b", Reach: Answered, Info: Info{Role: "master"}}
	down := []Peer{silent("b", Refused), silent("c", Refused)}
	fresh := []Peer{replica("b", 0, 0), replica("c", 0, 0)}
	stale := []Peer{replica("b", 0, 7), replica("c", 0, 7)}
	rows := []struct {
		name    string
		views   []SentinelView
		peers   []Peer
		data    bool
		elapsed time.Duration
		action  Action
		master  string
		reason  string
	}{
		{"no Sentinel answers", nil, stale, true, 0, Wait, "", "0 of 3 Sentinels"},
		{"one of three Sentinels answers", allName("a")[:1], stale, true, 0, Wait, "", "1 of 3 Sentinels"},
		{"no majority for too long", allName("a")[:1], stale, true, patience, GiveUp, "", "1 of 3 Sentinels"},
		{"a failover is in progress", failingOver, fresh, true, 0, Wait, "", "s3 reports a failover"},
		{"a failover is in progress for too long", failingOver, fresh, true, patience, GiveUp, "", "failover"},
		{"another is named", allName("b"), nil, true, 0, StartAsReplica, "b", "name it"},
		{"another is named, whatever the peers say", allName("b"), down, false, 0, StartAsReplica, "b", ""},
		{"the newest config-epoch counts", []SentinelView{view("s1", "a", 3), view("s2", "c", 4)}, stale, true, 0, StartAsReplica, "c", ""},
		{"the newest config-epoch counts in any order", []SentinelView{view("s1", "c", 4), view("s2", "a", 3)}, stale, true, 0, StartAsReplica, "c", ""},
		{"the Sentinels disagree", []SentinelView{view("s1", "a", 4), view("s2", "c", 4)}, stale, true, 0, Wait, "", "different masters"},
		{"an old disagreement does not matter", []SentinelView{view("s1", "a", 3), view("s2", "c", 3), view("s3", "b", 4)}, stale, true, 0, StartAsReplica, "b", ""},
		{"an unknown address is named, the declared master is this node", allName("z"), down, true, 0, StartAsMaster, "", "declared master counts"},
		{"named, a peer is electable", allName("a"), []Peer{replica("b", 0, 7), replica("c", 100, 7)}, true, 0, Wait, "", "peer c can be elected"},
		{"named, a peer is electable, this node is empty", allName("a"), []Peer{replica("b", 0, 0), replica("c", 1, 0)}, false, 0, Wait, "", "peer c can be elected"},
		{"named, a peer is electable, but nobody elects it", allNameDown("a"), []Peer{replica("b", 100, 7), replica("c", 0, 7)}, true, askPatience, AskForFailover, "", "did not begin"},
		{"named, a peer is electable, but the Sentinels do not see this node down", allName("a"), []Peer{replica("b", 100, 7), replica("c", 0, 7)}, true, askPatience, Wait, "", "can be elected"},
		{"named, a peer stays electable", allNameDown("a"), []Peer{replica("b", 100, 7), replica("c", 0, 7)}, true, patience, GiveUp, "", "can be elected"},
		{"named, a peer is a master", allName("a"), []Peer{master, replica("c", 0, 7)}, true, 0, Wait, "", "is a master"},
		{"named, a peer stays a master", allName("a"), []Peer{master, replica("c", 0, 7)}, true, patience, GiveUp, "", "is a master"},
		{"named, a peer hangs", allName("a"), []Peer{silent("b", Hung), replica("c", 0, 7)}, true, hungPatience - 1, Wait, "", "does not answer"},
		{"named, a peer hangs for long", allName("a"), []Peer{silent("b", Hung), replica("c", 0, 7)}, true, hungPatience, StartAsMaster, "", "has data"},
		{"named, a peer is out of reach", allName("a"), []Peer{silent("b", Unreachable), replica("c", 0, 7)}, true, 0, Wait, "", "out of reach"},
		{"named, a peer is out of reach for long", allName("a"), []Peer{silent("b", Unreachable), replica("c", 0, 7)}, true, unreachablePatience, StartAsMaster, "", "has data"},
		{"named, with data, peers are down", allName("a"), down, true, 0, StartAsMaster, "", "no peer can be elected"},
		{"named, with data, peers have not synced", allName("a"), stale, true, 0, StartAsMaster, "", "no peer can be elected"},
		{"named, empty, peers are empty", allName("a"), fresh, false, 0, StartAsMaster, "", "no node holds any key"},
		{"named, empty, a peer holds keys", allName("a"), []Peer{fresh[0], replica("c", 0, 1)}, false, 0, Wait, "", "holds 1 keys"},
		{"named, empty, a peer still holds keys", allName("a"), []Peer{fresh[0], replica("c", 0, 1)}, false, patience, GiveUp, "", "holds 1 keys"},
		{"named, empty, a peer loads", allName("a"), []Peer{loading, fresh[1]}, false, 0, Wait, "", "loading"},
		{"named, empty, a peer is down", allName("a"), []Peer{fresh[0], silent("c", Refused)}, false, 0, Wait, "", "may hold keys"},
		{"named, empty, a peer stays down", allName("a"), []Peer{fresh[0], silent("c", Refused)}, false, patience, GiveUp, "", "may hold keys"},
		{"named, empty, a peer stays out of reach", allName("a"), []Peer{fresh[0], silent("c", Unreachable)}, false, patience, GiveUp, "", "may hold keys"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := Decide(Situation{Self: "a", Declared: "a", Nodes: []string{"a", "b", "c"}, Sentinels: 3,
				Views: row.views, Peers: row.peers, HasData: row.data, Elapsed: row.elapsed})
			if got.Action != row.action || got.Master != row.master || !strings.Contains(got.Reason, row.reason) {
				t.Errorf("got %+v, want %s %s because %q", got, row.action, row.master, row.reason)
			}
			if got.Action == GiveUp && got.Fix == "" {
				t.Error("a node that gives up must say how to go on")
			}
		})
	}
}

func TestAnUnknownNamedAddressSendsOthersToTheDeclaredMaster(t *testing.T) {
	got := Decide(Situation{Self: "b", Declared: "a", Nodes: []string{"a", "b"}, Sentinels: 1, Views: allName("z")[:1]})
	if got.Action != StartAsReplica || got.Master != "a" {
		t.Errorf("got %+v", got)
	}
}

func TestASingleNodeNeedsNobody(t *testing.T) {
	if got := Decide(Situation{Self: "a", Declared: "a", Nodes: []string{"a"}, Sentinels: 1}); got.Action != StartAsMaster {
		t.Errorf("got %+v", got)
	}
}

// Every combination of what two peers, three Sentinels and the own disk can look like, at every bound.
func TestStartTableHoldsItsPromisesInEverySituation(t *testing.T) {
	loading := replica("", 0, 0)
	loading.Info.Loading = true
	kinds := []Peer{
		replica("", 0, 0), replica("", 0, 9), replica("", 1, 0), replica("", 100, 9), loading,
		{Reach: Answered, Info: Info{Role: "master"}}, {Reach: Answered, Info: Info{Role: "master", Keys: 9}},
		silent("", Refused), silent("", Unreachable), silent("", Hung),
	}
	var answers []*SentinelView // of one Sentinel
	answers = append(answers, nil)
	for _, master := range []string{"a", "b", "z"} {
		for _, epoch := range []int64{1, 2} {
			for _, flags := range []struct{ failover, down bool }{{false, false}, {true, true}, {false, true}} {
				one := view("s", master, epoch)
				one.FailoverInProgress, one.MasterDown = flags.failover, flags.down
				answers = append(answers, &one)
			}
		}
	}
	count := 0
	for _, elapsed := range []time.Duration{0, unreachablePatience, askPatience, hungPatience, patience, time.Hour} {
		for _, data := range []bool{false, true} {
			for i, b := range kinds { // in each order once: the table does not look at it
				for _, c := range kinds[i:] {
					b.Address, c.Address = "b", "c"
					for j, s1 := range answers {
						for k, s2 := range answers[j:] {
							for _, s3 := range answers[j+k:] {
								s := Situation{Self: "a", Declared: "a", Nodes: []string{"a", "b", "c"}, Sentinels: 3,
									Peers: []Peer{b, c}, HasData: data, Elapsed: elapsed}
								for _, answer := range []*SentinelView{s1, s2, s3} {
									if answer != nil {
										s.Views = append(s.Views, *answer)
									}
								}
								count++
								if broken := brokenPromise(s, Decide(s)); broken != "" {
									t.Fatalf("%s: %+v decided %+v", broken, s, Decide(s))
								}
							}
						}
					}
				}
			}
		}
	}
	t.Logf("%d situations", count)
}

func brokenPromise(s Situation, d Decision) string {
	inProgress := false
	namesOther := 0
	for _, one := range s.Views {
		inProgress = inProgress || one.FailoverInProgress
		if one.Master == "b" {
			namesOther++
		}
	}
	starts := d.Action == StartAsMaster || d.Action == StartAsReplica
	switch {
	case d.Action == Wait && s.Elapsed >= patience:
		return "a wait without an end"
	case d.Action == GiveUp && (s.Elapsed < patience || d.Fix == ""):
		return "gave up early or without advice"
	case starts && len(s.Views) < 2:
		return "started without a majority of the Sentinels"
	case starts && inProgress:
		return "started during a failover"
	case d.Action == StartAsReplica && (d.Master == s.Self || !contains(s.Nodes, d.Master)):
		return "follows itself or a stranger"
	}
	if d.Action != StartAsMaster {
		return ""
	}
	for _, peer := range s.Peers {
		answered := peer.Reach == Answered
		switch {
		case answered && peer.Info.Role == "master":
			return "a second master"
		case answered && peer.Info.Priority >= 1:
			return "a master beside an electable replica"
		case !s.HasData && (!answered || peer.Info.Keys > 0 || peer.Info.Loading):
			return "an empty master that may delete keys"
		case peer.Reach == Hung && s.Elapsed < hungPatience:
			return "a master beside a frozen peer"
		}
	}
	if namesOther == len(s.Views) {
		return "a master that no Sentinel names"
	}
	return ""
}
