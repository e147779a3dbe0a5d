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
		{"a node that was removed is named, this node is the declared master", allName("z"), down, true, 0, StartAsReplica, "z", "no node of this platform any more"},
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
		{"named, empty, a peer holds keys", allName("a"), []Peer{fresh[0], replica("c", 0, 1)}, false, 0, Block, "", "holds 1 keys"},
		{"named, empty, a peer loads", allName("a"), []Peer{loading, fresh[1]}, false, 0, Wait, "", "loading"},
		{"named, empty, a peer is down", allName("a"), []Peer{fresh[0], silent("c", Refused)}, false, 0, Wait, "", "may hold keys"},
		{"named, empty, a peer stays down", allName("a"), []Peer{fresh[0], silent("c", Refused)}, false, damagedPatience, Block, "", "may hold keys"},
		{"named, empty, a peer stays out of reach", allName("a"), []Peer{fresh[0], silent("c", Unreachable)}, false, damagedPatience, Block, "", "may hold keys"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := Decide(Situation{Self: "a", Declared: "a", Nodes: []string{"a", "b", "c"}, Sentinels: 3,
				Views: row.views, Peers: row.peers, HasData: row.data, Elapsed: row.elapsed})
			if got.Action != row.action || got.Master != row.master || !strings.Contains(got.Reason, row.reason) {
				t.Errorf("got %+v, want %s %s because %q", got, row.action, row.master, row.reason)
			}
			if (got.Action == GiveUp || got.Action == Block) && got.Fix == "" {
				t.Error("a node that gives up or waits for an operator must say how to go on")
			}
		})
	}
}

func TestTheOnlyNodeLeftAsksTheSentinelsIfItWasAReplica(t *testing.T) {
	only := Situation{Self: "a", Declared: "a", Nodes: []string{"a"}, Sentinels: 1, HasData: true, Last: Record{Master: "b", Epoch: 1}}
	for _, row := range []struct {
		views  []SentinelView
		action Action
		master string
	}{
		{nil, Wait, ""},
		{[]SentinelView{view("s1", "b", 1)}, StartAsReplica, "b"},
		{[]SentinelView{view("s1", "a", 2)}, StartAsMaster, ""}, // b handed over before it left
		{[]SentinelView{view("s1", "a", 0)}, StartAsReplica, "b"},
	} {
		only.Views = row.views
		if got := Decide(only); got.Action != row.action || got.Master != row.master {
			t.Errorf("%v: got %+v, want %s %s", row.views, got, row.action, row.master)
		}
	}
	only.Last.Master, only.Views = "a", nil
	if got := Decide(only); got.Action != StartAsMaster {
		t.Errorf("it was the master: got %+v", got)
	}
	// It was the master of several when it wrote that down; another one may have been since, for less than it takes to notice.
	only.Last.Several, only.Views = true, []SentinelView{view("s1", "b", 2)}
	if got := Decide(only); got.Action != StartAsReplica || got.Master != "b" {
		t.Errorf("it was the master of several: got %+v", got)
	}
	only.Views = []SentinelView{view("s1", "a", 2)}
	if got := Decide(only); got.Action != StartAsMaster {
		t.Errorf("it is still the master: got %+v", got)
	}
}

// The Sentinels name the declared master at config-epoch 0: their data is lost. This node has seen epoch 5.
func TestSentinelsThatLostTheirDataDecideNothing(t *testing.T) {
	following := func(address, master string) Peer {
		peer := replica(address, 0, 7)
		peer.Info.MasterHost = master
		return peer
	}
	agreeing := []Peer{following("b", "a"), following("c", "a")}
	rows := []struct {
		name    string
		last    Record
		named   string
		peers   []Peer
		elapsed time.Duration
		action  Action
		master  string
	}{
		{"it was a replica, and is named", Record{Master: "b", Epoch: 5}, "a", agreeing, 0, StartAsReplica, "b"},
		{"it was a replica, and is named, for ever", Record{Master: "b", Epoch: 5}, "a", nil, patience, StartAsReplica, "b"},
		{"it was a replica, its master is named", Record{Master: "b", Epoch: 5}, "b", agreeing, 0, StartAsReplica, "b"},
		{"it was a replica of a removed node", Record{Master: "z", Epoch: 5}, "a", agreeing, 0, StartAsReplica, "z"},
		{"it was master, another is named", Record{Master: "a", Epoch: 5}, "b", agreeing, 0, StartAsReplica, "b"},
		{"it was master and is named, all follow", Record{Master: "a", Epoch: 5}, "a", agreeing, 0, StartAsMaster, ""},
		{"it was master and is named, one knows a later master", Record{Master: "a", Epoch: 5}, "a", []Peer{following("b", "a"), following("c", "b")}, 0, Wait, ""},
		{"it was master and is named, one is not there", Record{Master: "a", Epoch: 5}, "a", []Peer{following("b", "a"), silent("c", Refused)}, 0, Wait, ""},
		{"it was master and is named, one stays away", Record{Master: "a", Epoch: 5}, "a", []Peer{following("b", "a"), silent("c", Refused)}, patience, GiveUp, ""},
		{"a record that is no newer counts for nothing", Record{Master: "b", Epoch: 0}, "a", []Peer{silent("b", Refused), silent("c", Refused)}, 0, StartAsMaster, ""},
	}
	for _, row := range rows {
		got := Decide(Situation{Self: "a", Declared: "a", Nodes: []string{"a", "b", "c"}, Sentinels: 3,
			Views: allName(row.named), Peers: row.peers, HasData: true, Last: row.last, Elapsed: row.elapsed})
		if got.Action != row.action || got.Master != row.master || got.Action == GiveUp && got.Fix == "" {
			t.Errorf("%s: got %+v, want %s %s", row.name, got, row.action, row.master)
		}
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
	following := replica("", 0, 9)
	following.Info.MasterHost = "b"
	kinds = append(kinds, following)
	for _, elapsed := range []time.Duration{0, unreachablePatience, askPatience, hungPatience, patience, time.Hour} {
		records := []Record{{}}
		if elapsed == 0 || elapsed == patience { // what is decided by them has no other bound
			records = append(records, Record{Master: "a", Epoch: 2}, Record{Master: "b", Epoch: 2})
		}
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
								for _, last := range records {
									s.Last = last
									count++
									if broken := brokenPromise(s, Decide(s)); broken != "" {
										t.Fatalf("%s: %+v decided %+v", broken, s, Decide(s))
									}
									damaged := s
									damaged.Damage.What = "damaged"
									if !data {
										continue // files that are damaged count as data
									}
									if broken := brokenWithDamage(damaged, Decide(damaged)); broken != "" {
										t.Fatalf("%s: %+v decided %+v", broken, damaged, Decide(damaged))
									}
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

func namedBySome(s Situation, master string) bool {
	for _, one := range s.Views {
		if one.Master == master {
			return true
		}
	}
	return false
}

func brokenPromise(s Situation, d Decision) string {
	forgotten := true
	for _, one := range s.Views {
		forgotten = forgotten && one.ConfigEpoch < s.Last.Epoch
	}
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
	case d.Action == Block && d.Fix == "":
		return "waits for an operator without advice"
	case starts && len(s.Views) < 2:
		return "started without a majority of the Sentinels"
	case starts && inProgress:
		return "started during a failover"
	case d.Action == StartAsReplica && (d.Master == s.Self || d.Master == ""):
		return "follows itself or nobody"
	case d.Action == StartAsReplica && d.Master != s.Last.Master && !namedBySome(s, d.Master):
		return "follows somebody that neither a Sentinel nor its record names"
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
		case forgotten && (!answered || peer.Info.MasterHost != s.Self):
			return "a master by its record alone"
		}
	}
	if forgotten && s.Last.Master != s.Self {
		return "a master although it was a replica later than the Sentinels know"
	}
	if namesOther == len(s.Views) {
		return "a master that no Sentinel names"
	}
	return ""
}

// brokenWithDamage: files are set aside for a copy of a master that is there, which most Sentinels that count name, and under no other circumstances
// does a node start.
func brokenWithDamage(s Situation, d Decision) string {
	switch d.Action {
	case StartAsMaster, StartAsReplica:
		return "started from damaged files"
	case Block:
		if d.Fix == "" {
			return "waits for an operator without advice"
		}
	case SetAsideFirst:
		whole := s
		whole.Damage = Damage{}
		undamaged := Decide(whole)
		switch peer := s.peer(d.Master); {
		case undamaged.Action != StartAsReplica || undamaged.Master != d.Master:
			return "gave up its files, which it would have kept undamaged"
		case peer.Reach != Answered || peer.Info.Role != "master" || peer.Info.Loading:
			return "gave up its files for nothing"
		case s.Last.Master == s.Self && s.Views[0].ConfigEpoch < s.Last.Epoch && s.Views[len(s.Views)-1].ConfigEpoch < s.Last.Epoch:
			_, epoch, _ := namedMaster(s.Views)
			if epoch < s.Last.Epoch {
				return "gave up the files of the last master"
			}
		}
	}
	return ""
}
