package lease

import (
	"strings"
	"testing"
	"time"
)

// council is one of three Sentinels in which each has said something; nil: nothing.
func council(answers ...*Answer) *Council {
	c := NewCouncil(self, []string{"s1:1", "s2:1", "s3:1"}[:len(answers)])
	for i, a := range answers {
		if a != nil {
			c.Heard(i, now, *a)
		}
	}
	return c
}

func of(a Answer) *Answer { return &a }

func TestDecisions(t *testing.T) {
	ok, down := of(good()), of(flags("s_down"))
	pending := of(with(func(a *Answer) { a.LastPingSent = 500 * time.Millisecond }))
	another := func(epoch int64) *Answer {
		return of(with(func(a *Answer) { a.Named, a.Master, a.ConfigEpoch = other, other, epoch }))
	}
	leader := of(with(func(a *Answer) {
		a.Master, a.Flags, a.ConfigEpoch = other, []string{"master", "failover_in_progress"}, 5
	}))
	staleDown := of(with(func(a *Answer) {
		a.Named, a.Master, a.ConfigEpoch, a.Flags = other, other, 4, []string{"master", "s_down", "o_down"}
	}))
	none := Moment(0)
	rows := []struct {
		name    string
		answers []*Answer
		until   Moment
		against bool
	}{
		{"nobody has answered", []*Answer{nil, nil, nil}, none, false},
		{"one has", []*Answer{ok, nil, nil}, none, false},
		{"two have, the third is silent", []*Answer{ok, ok, nil}, whole, false},
		{"all have", []*Answer{ok, ok, ok}, whole, false},
		{"the earliest end counts", []*Answer{ok, ok, pending}, whole - 500*time.Millisecond, false},
		{"one sees the node as down", []*Answer{ok, ok, down}, none, false},
		{"one fails over", []*Answer{ok, ok, of(flags("failover_in_progress"))}, none, true},
		{"the new master's leader and one that has heard of it", []*Answer{leader, ok, nil}, whole, false},
		{"the new master's leader alone", []*Answer{leader, another(4), another(4)}, none, false},
		{"a stale one names another", []*Answer{ok, ok, another(4)}, whole, false},
		{"a stale one names another, which it sees as down", []*Answer{ok, ok, staleDown}, none, false},
		{"one names another at the same epoch", []*Answer{ok, ok, another(5)}, none, true},
		{"one names another at a newer epoch", []*Answer{ok, ok, another(6)}, none, true},
		{"all name another", []*Answer{another(5), another(5), another(5)}, none, true},
		{"a newer one names this node", []*Answer{of(with(func(a *Answer) { a.ConfigEpoch = 7 })), ok, another(6)}, whole, false},
		{"all must agree to fail over, and two promise", []*Answer{
			of(with(func(a *Answer) { a.Quorum = 3 })), of(with(func(a *Answer) { a.Quorum = 3 })), nil,
		}, whole, false},
		{"the smallest quorum counts", []*Answer{of(with(func(a *Answer) { a.Quorum = 3 })), of(with(func(a *Answer) { a.Quorum = 1 })), nil}, none, false},
		{"there are more Sentinels than declared", []*Answer{of(with(func(a *Answer) { a.OtherSentinels = 4 })), ok, ok}, none, false},
		{"fewer know each other than are declared", []*Answer{of(with(func(a *Answer) { a.OtherSentinels = 0 })), ok, nil}, whole, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			d := council(row.answers...).Decide(now)
			if d.Until != row.until || d.Against != row.against || (d.Reason == "") != (d.Until > now) {
				t.Errorf("got %+v", d)
			}
		})
	}
}

// at lets all Sentinels say the same, again and again, until the moment.
func (c *Council) at(until Moment, answers ...*Answer) {
	for moment := now; moment <= until; moment += 200 * time.Millisecond {
		for i, a := range answers {
			if a != nil {
				c.Heard(i, moment, *a)
			}
		}
	}
}

func TestOldPromisesOutweighADoubt(t *testing.T) {
	ok, down := of(good()), of(flags("s_down"))
	for _, row := range []struct {
		name  string
		after time.Duration
		holds bool
	}{
		{"promises of 6 s are enough", 6 * time.Second, true},
		{"younger ones are not: votes may be left", 5800 * time.Millisecond, false},
	} {
		c := council(ok, ok, ok)
		c.at(now+row.after, ok, ok, down)
		if d := c.Decide(now + row.after); (d.Until > now+row.after) != row.holds {
			t.Errorf("%s, but %+v", row.name, d)
		}
	}
}

// Only a promise that was given to this node, or a doubt, outlives a silence: until the others' promises are old enough without that Sentinel.
func TestWhoFallsSilentMayLeadAFailover(t *testing.T) {
	ok := of(good())
	for _, row := range []struct {
		name     string
		last     *Answer // word of the silent one, 2 s before the others speak of this node
		noDoubts bool
	}{
		{"it saw this node as down", of(flags("s_down")), false},
		{"it promised this node, and its promise has lapsed", ok, false},
		{"it was content with another master", of(with(func(a *Answer) { a.Named, a.Master, a.ConfigEpoch = other, other, 4 })), true},
		{"it saw another master as down", of(with(func(a *Answer) {
			a.Named, a.Master, a.ConfigEpoch, a.Flags = other, other, 4, []string{"master", "s_down"}
		})), false},
		{"it was never heard", nil, true},
	} {
		c := council(nil, nil, row.last)
		begin := now + 2*time.Second
		c.Heard(0, begin, *ok)
		c.Heard(1, begin, *ok)
		if d := c.Decide(begin); (d.Until > begin) != row.noDoubts {
			t.Errorf("%s: %+v", row.name, d)
		}
		later := begin
		for ; later < begin+forgotten; later += 200 * time.Millisecond {
			c.Heard(0, later, *ok)
			c.Heard(1, later, *ok)
		}
		if d := c.Decide(begin + forgotten); d.Until <= begin+forgotten {
			t.Errorf("%s, but the others' promises are old by now: %+v", row.name, d)
		}
	}
}

func TestAFailoverThatWasSeenIsNotForgottenSoon(t *testing.T) {
	ok := of(good())
	c := council(ok, ok, of(flags("failover_in_progress")))
	for _, row := range []struct {
		after   time.Duration
		against bool
	}{{0, true}, {forgotten - 1, true}, {forgotten, false}} {
		c.at(now+row.after, ok, ok, nil)
		if d := c.Decide(now + row.after); d.Against != row.against {
			t.Errorf("after %s: %+v", row.after, d)
		}
		if row.after > 0 {
			c.Refused(2, now+row.after) // the leader has died: it does not take it back
		}
	}
}

func TestTwoSilentSentinelsEndTheLease(t *testing.T) {
	ok := of(good())
	c := council(ok, ok, ok)
	c.at(now+10*time.Second, ok, ok, ok)
	last := now + 10*time.Second
	if d := c.Decide(last + 1479*time.Millisecond); d.Until != last+downAfter-margin {
		t.Errorf("their promises stand, but %+v", d)
	}
	c.Heard(0, last+1500*time.Millisecond, *ok)
	d := c.Decide(last + 1500*time.Millisecond)
	if d.Until > last+1500*time.Millisecond || !strings.Contains(d.Reason, "1 of 3") || !strings.Contains(d.Reason, "s2:1 is silent for 1.5s") {
		t.Errorf("got %+v", d)
	}
}

func TestTwoDeadSentinelsDoNot(t *testing.T) {
	ok := of(good())
	c := council(ok, ok, ok)
	for moment := now; moment < now+20*time.Second; moment += 200 * time.Millisecond {
		c.Heard(0, moment, *ok)
		c.Refused(1, moment)
		c.Refused(2, moment)
		if d := c.Decide(moment); d.Until != moment+downAfter-margin {
			t.Fatalf("after %s: %+v", moment-now, d)
		}
	}
}

func TestALeaseEndsWithTheEarliestDownAfter(t *testing.T) {
	short := of(with(func(a *Answer) { a.DownAfter = time.Second }))
	c := council(of(good()), short, nil)
	c.Refused(2, now)
	if d := c.Decide(now); d.Until != now+time.Second-margin {
		t.Errorf("got %+v", d)
	}
	if v := c.views[2]; v.Until != now+time.Second-margin {
		t.Errorf("a Sentinel that starts later may have the shorter one too, but %+v", v)
	}
}

func TestHowOftenSentinelsAreAsked(t *testing.T) {
	ok := of(good())
	for _, row := range []struct {
		name     string
		council  *Council
		at, ends Moment
		want     time.Duration
	}{
		{"all is well", council(ok, ok, ok), now, whole, pollInterval},
		{"the lease is short", council(ok, ok, ok), now, now + 999*time.Millisecond, troubleInterval},
		{"a replica has none and needs none", council(of(with(func(a *Answer) { a.Named, a.Master = other, other }))), now, 0, pollInterval},
		{"a failover is near", council(ok, ok, of(flags("s_down"))), now, whole, troubleInterval},
		{"it was near a while ago", council(ok, ok, of(flags("s_down"))), now + troubleLasts, whole + time.Hour, pollInterval},
		{"nobody was heard", council(nil, nil, nil), now, 0, pollInterval},
	} {
		if got := row.council.Pause(row.at, row.ends); got != row.want {
			t.Errorf("%s: %s", row.name, got)
		}
	}
}

func TestWhatTheServerIsTold(t *testing.T) {
	lease := func(until Moment) Decision { return Decision{Until: until} }
	against := Decision{Against: true}
	var g Grant
	want := func(d Decision, at Moment, command Command, err error) {
		t.Helper()
		got := g.Next(at, d)
		if got != command {
			t.Errorf("%+v at %s: got %q, want %q", d, at, got, command)
		}
		g.Sent(got, d, err)
	}
	want(against, now, Nothing, nil) // it was told nothing yet
	want(lease(now), now, Nothing, nil)
	want(lease(now+time.Second), now, Extend, nil)
	want(lease(now+time.Second+step), now, Nothing, nil)
	want(lease(now+2*time.Second), now, Extend, errTest) // perhaps taken
	want(lease(now+2*time.Second), now, Extend, nil)
	want(against, now, End, errTest)
	want(against, now, End, nil)
	want(against, now, End, nil) // an extension may still lie in a socket
	want(lease(now+3*time.Second), now, Extend, nil)
	want(against, now+3*time.Second, Nothing, nil)
}
