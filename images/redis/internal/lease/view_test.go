package lease

import (
	"testing"
	"time"
)

const (
	self      = "a:1"
	other     = "b:1"
	downAfter = 1500 * time.Millisecond
	now       = 100 * time.Second
	whole     = now + downAfter - margin // the longest promise of an answer to a question put now
)

// good is what a Sentinel says of a healthy master.
func good() Answer {
	return Answer{Named: self, Master: self, Flags: []string{"master"}, RoleReported: "master", ConfigEpoch: 5, Quorum: 2, OtherSentinels: 2,
		DownAfter: downAfter, LastOkPingReply: 400 * time.Millisecond}
}

func with(change func(*Answer)) Answer {
	a := good()
	change(&a)
	return a
}

func flags(flags ...string) Answer {
	return with(func(a *Answer) { a.Flags = append([]string{"master"}, flags...) })
}

func TestAnAnswerIsWorthWhatItProves(t *testing.T) {
	rows := []struct {
		name                         string
		answer                       Answer
		names, other, against, alarm bool
		until                        Moment
	}{
		{"no ping is unanswered", good(), true, false, false, false, whole},
		{"a ping is unanswered", with(func(a *Answer) { a.LastPingSent = 700 * time.Millisecond }), true, false, false, false, whole - 700*time.Millisecond},
		{"a ping is unanswered for longer than down-after", with(func(a *Answer) { a.LastPingSent = 2 * time.Second }), true, false, false, false, whole - 2*time.Second},
		{"disconnected, since the last answer", with(func(a *Answer) { a.Flags = []string{"master", "disconnected"} }), true, false, false, true, whole - 400*time.Millisecond},
		{"disconnected, with a ping unanswered", with(func(a *Answer) {
			a.Flags, a.LastPingSent = []string{"master", "disconnected"}, 600*time.Millisecond
		}), true, false, false, true, whole - 600*time.Millisecond},
		{"it sees the node as down", flags("s_down"), true, false, false, true, 0},
		{"a quorum sees it as down", flags("s_down", "o_down"), true, false, false, true, 0},
		{"it has begun to fail over", flags("failover_in_progress"), true, false, true, true, 0},
		{"it is a Sentinel's replica", with(func(a *Answer) { a.Flags = []string{"slave"} }), true, false, false, false, 0},
		{"the node says it is a replica", with(func(a *Answer) { a.RoleReported = "slave" }), true, false, false, false, 0},
		{"it leads the failover that made the node master", with(func(a *Answer) {
			a.Master, a.Flags = other, []string{"master", "s_down", "o_down", "failover_in_progress"}
		}), true, false, false, true, whole},
		{"it leads a failover away from the node, and gives out its successor", with(func(a *Answer) {
			a.Named, a.Flags = other, []string{"master", "failover_in_progress"}
		}), false, true, true, true, 0},
		{"it names another", with(func(a *Answer) { a.Named, a.Master = other, other }), false, true, false, false, whole},
		{"it names another, which is down", with(func(a *Answer) {
			a.Named, a.Master, a.Flags = other, other, []string{"master", "s_down"}
		}), false, true, false, true, 0},
		{"it fails over another", with(func(a *Answer) {
			a.Named, a.Master, a.Flags = other, other, []string{"master", "failover_in_progress"}
		}), false, true, true, true, 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			v := Judge(self, now, row.answer)
			if v.Names != row.names || v.Other != row.other || v.Against != row.against || v.Trouble != row.alarm || v.Until != row.until {
				t.Errorf("got %+v", v)
			}
			if v.Asked != now || v.Epoch != 5 || v.Until == 0 && v.Why == "" || v.Until > 0 && v.Names && v.Why != "" {
				t.Errorf("got %+v", v)
			}
		})
	}
}

func TestAPromiseStandsAsLongAsEachIsGivenBeforeTheLastOneEnds(t *testing.T) {
	first := Judge(self, now, good()).follow(View{})
	if first.Since != now {
		t.Fatalf("a first promise begins when it was asked for: %+v", first)
	}
	if v := Judge(self, first.Until, good()).follow(first); v.Since != now {
		t.Errorf("in time, but %+v", v)
	}
	if v := Judge(self, first.Until+1, good()).follow(first); v.Since != v.Asked {
		t.Errorf("too late, but %+v", v)
	}
	down := Judge(self, now+time.Second, flags("s_down")).follow(first)
	if v := Judge(self, now+1100*time.Millisecond, good()).follow(down); down.Since != 0 || v.Since != v.Asked {
		t.Errorf("taken back in between, but %+v", v)
	}
}

func TestARefusedConnectionIsAPromise(t *testing.T) {
	named := Judge(self, now, good()).follow(View{})
	rows := []struct {
		name      string
		before    View
		asked     Moment
		downAfter time.Duration
		names     bool
		until     Moment
	}{
		{"of one that named the node", named, now + time.Second, downAfter, true, whole + time.Second},
		{"of one whose promise ends now", named, whole, downAfter, true, whole + whole - now},
		{"of one whose promise had ended", named, whole + 1, downAfter, false, whole + 1 + whole - now},
		{"of one that saw the node as down", Judge(self, now, flags("s_down")).follow(View{}), now + time.Second, downAfter, false, whole + time.Second},
		{"of one that was never heard", View{}, now, downAfter, false, whole},
		{"while nobody has said how long down-after is", View{}, now, 0, false, 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if v := refusal(row.before, row.asked, row.downAfter); v.Names != row.names || v.Until != row.until || v.Other || v.Against {
				t.Errorf("got %+v", v)
			}
		})
	}
	for _, last := range []Answer{flags("failover_in_progress"), with(func(a *Answer) { a.Named, a.Master = other, other })} {
		before := Judge(self, now, last).follow(View{})
		if v := refusal(before, now+time.Second, downAfter); v != before {
			t.Errorf("one that ended while it was for another master comes back with it, but %+v", v)
		}
	}
}
