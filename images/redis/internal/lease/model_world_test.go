//go:build !race

package lease

import (
	"fmt"
	"strings"
	"time"
)

// A small world for model_test.go: three nodes, three Sentinels, and time in ticks. Sentinels and clients do whatever they may do at the worst
// moment; what a lease allows comes from Council itself.

const (
	tick        = 500 * time.Millisecond
	patience    = 3  // down-after, in ticks
	never       = -1 // a tick that has not been
	longPinged  = -9 // a ping that has had no answer since
	longAgo     = -100
	serverOnly  = 2 // a frozen node whose supervisor goes on: a long script
	frozenWhole = 1
	paused      = 1
	dead        = 2
	elected     = 1 // a Sentinel that leads a failover: it was elected, or it has promoted
	promotedBy  = 2
)

// rules is what a world allows. The zero value of the mutations is the lease as it is.
type rules struct {
	off           bool // no lease at all
	takesAcks     bool // writes are refused, but acknowledgements of replicas still count
	longer        int8 // ticks by which a lease lasts longer than was promised
	selfGrants    bool // a promoted node has a lease before it has asked anybody
	relative      bool // a lease begins when the server reads the command
	noDoubt       bool // who sees the node as down counts as silent
	noAgainst     bool // a failover in progress is not seen
	noPings       bool // last-ping-sent is not looked at
	forgetsSilent bool // who has been silent for long counts for nothing
	quorum        int8 // of the Sentinels
	told          int  // the quorum by which the lease counts
	votesLast     int8 // ticks for which a Sentinel believes another's "down"

	freezes, sentinelPauses, kills int8 // how many there may be
	deaf                           bool // Sentinel 0 may stop hearing the master's answers
	deafBefore                     bool // ... and has since long ago
	cutOff                         bool // ... and then does not answer the master's questions either
	pausesLeaders                  bool // a Sentinel may be paused while it leads a failover, and only then
	ticks                          int8
}

func usual() rules {
	return rules{quorum: 2, told: 2, votesLast: 10, ticks: 7, freezes: 1}
}

// seen is a View without its text, in ticks.
type seen struct {
	names, other, against      bool
	until, since, asked, epoch int8
}

type node struct {
	follows int8 // never: it is a master
	frozen  int8
	lease   int8 // valid before this tick
	unsent  bool // frozen between a write and its way to the replicas
	lacks   bool // a confirmed write
	views   [3]seen
}

type watcher struct {
	state           int8
	watches, config int8 // the master and its config-epoch
	epoch           int8 // in which it voted last
	pinged          int8 // the oldest ping without an answer
	votes           [3]int8
	tried           bool
	leads           int8
	leadEpoch       int8
	promoted        int8
}

// state is comparable, so that none is looked at twice.
type state struct {
	nodes                          [3]node
	sentinels                      [3]watcher
	rightful, rightEpoch           int8 // who will be master in the end
	phases                         int8 // a bit a Sentinel: in which ticks it pings
	freezes, sentinelPauses, kills int8
	deaf                           int8 // 0: not yet, 1: now, 2: no more
}

func (r rules) begin(phases int8) state {
	s := state{phases: phases}
	for i := range s.nodes {
		if i == 0 {
			s.nodes[i].follows = never
			s.nodes[i].lease = patience
		}
		for j := range s.nodes[i].views {
			s.nodes[i].views[j] = seen{names: i == 0, other: i != 0, until: patience, since: longAgo}
		}
	}
	for i := range s.sentinels {
		s.sentinels[i].pinged, s.sentinels[i].votes, s.sentinels[i].promoted = never, [3]int8{never, never, never}, never
	}
	if r.deafBefore {
		s.deaf, s.sentinels[0].pinged = 1, longPinged
		for i := range s.nodes {
			s.nodes[i].views[0] = seen{names: i == 0, other: i != 0}
		}
	}
	return s
}

func (s *state) down(i int, now int8) bool {
	w := s.sentinels[i]
	return w.state == 0 && w.pinged != never && now-w.pinged >= patience
}

func (s *state) deafTo(i int) bool { return i == 0 && s.deaf == 1 }

// confirms says whether clients of this master are told now that a write is confirmed.
func (r rules) confirms(s *state, i int, now int8) bool {
	n := s.nodes[i]
	if n.follows != never || n.frozen != 0 || !s.followed(i) {
		return false
	}
	return r.off || now < n.lease || r.takesAcks && n.unsent
}

func (s *state) followed(i int) bool {
	for j, other := range s.nodes {
		if j != i && int(other.follows) == i {
			return true
		}
	}
	return false
}

// write lets clients write wherever they may.
func (r rules) write(s *state, now int8) (lost string) {
	for i := range s.nodes {
		if !r.confirms(s, i, now) {
			continue
		}
		if i != int(s.rightful) && int(s.nodes[s.rightful].follows) != i {
			return fmt.Sprintf("node %d confirms a write, and node %d is the master", i, s.rightful)
		}
		for j := range s.nodes {
			if j != i && int(s.nodes[j].follows) != i {
				s.nodes[j].lacks = true
			}
		}
	}
	return ""
}

// move is something that may happen, or not.
type move struct {
	event
	do func(s *state) (lost string)
}

// event is what happened: a text with up to two numbers.
type event struct {
	format string
	a, b   int8
}

func (e event) String() string {
	switch strings.Count(e.format, "%d") {
	case 2:
		return fmt.Sprintf(e.format, e.a, e.b)
	case 1:
		return fmt.Sprintf(e.format, e.a)
	}
	return e.format
}

// faults that may begin or end now.
func (r rules) faults(s *state, now int8) []move {
	var moves []move
	may := func(format string, i int, do func(s *state)) {
		moves = append(moves, move{event{format, int8(i), 0}, func(s *state) string { do(s); return "" }})
	}
	for i, n := range s.nodes {
		switch {
		case n.frozen != 0:
			may("node %d goes on", i, func(s *state) {
				s.nodes[i].frozen = 0
				if r.relative {
					s.nodes[i].lease = now + patience
				}
			})
		case n.follows == never && s.freezes < r.freezes && (s.freezes > 0 || now == 1): // time begins with the first one
			freeze := func(how int8) func(s *state) {
				return func(s *state) {
					s.freezes++
					s.nodes[i].frozen, s.nodes[i].unsent = how, r.off || now < n.lease
				}
			}
			may("node %d freezes", i, freeze(frozenWhole))
			may("node %d freezes (its server alone)", i, freeze(serverOnly))
		}
	}
	for i, w := range s.sentinels {
		switch {
		case w.state == paused:
			// Longer, and it would hold back for 30 s (TILT).
			may("Sentinel %d goes on", i, func(s *state) { s.sentinels[i].state = 0 })
		case w.state == 0 && s.sentinelPauses < r.sentinelPauses && !s.deafTo(i) && (w.leads != 0) == r.pausesLeaders:
			may("Sentinel %d is paused", i, func(s *state) {
				s.sentinelPauses++
				s.sentinels[i].state = paused
			})
		}
		if w.state == 0 && s.kills < r.kills {
			may("Sentinel %d is killed", i, func(s *state) {
				s.kills++
				s.sentinels[i] = watcher{state: dead, pinged: never, promoted: never, votes: [3]int8{never, never, never}}
				s.settle()
			})
		}
	}
	if r.deaf && s.deaf == 0 && s.sentinels[0].state == 0 {
		may("Sentinel %d hears the masters no more", 0, func(s *state) { s.deaf = 1 })
	} else if s.deaf == 1 {
		may("Sentinel %d hears the masters again", 0, func(s *state) { s.deaf = 2 })
	}
	return moves
}

// ask lets the supervisors ask, and the servers take what follows.
func (r rules) ask(s *state, now int8, decide func(i int, views [3]seen) Decision) {
	for i := range s.nodes {
		n := &s.nodes[i]
		if n.frozen == frozenWhole {
			continue
		}
		for j := range s.sentinels {
			n.views[j] = r.hear(s, i, j, now).still(now)
		}
		if r.off || n.follows != never {
			continue
		}
		d := decide(i, n.views)
		switch until := toTick(d.Until) + r.longer; {
		case d.Against:
			n.lease = 0
		case d.Until > 0 && until > n.lease:
			n.lease = until
		}
	}
}

// hear asks Sentinel j for node i.
func (r rules) hear(s *state, i, j int, now int8) seen {
	w, before := s.sentinels[j], s.nodes[i].views[j]
	switch {
	case w.state == dead:
		return toSeen(refusal(before.view(), moment(now), patience*tick).follow(before.view()))
	case w.state == paused, s.deafTo(j) && r.cutOff, r.noDoubt && s.down(j, now):
		return before
	}
	a := Answer{
		Named: name(w.watches), Master: name(w.watches), Flags: []string{"master"}, RoleReported: "master",
		ConfigEpoch: int64(w.config), Quorum: r.told, OtherSentinels: 2, DownAfter: patience * tick,
	}
	if w.leads == promotedBy {
		a.Named = name(w.promoted)
	}
	if w.leads != 0 && !r.noAgainst {
		a.Flags = append(a.Flags, "failover_in_progress")
	}
	if s.down(j, now) {
		a.Flags = append(a.Flags, "s_down")
	}
	if w.pinged != never && !r.noPings {
		a.LastPingSent = time.Duration(now-w.pinged) * tick
	}
	return toSeen(Judge(name(int8(i)), moment(now), a).follow(before.view()))
}

// watch is what Sentinels do by themselves: hear answers, ping.
func (s *state) watch(now int8) {
	for i := range s.sentinels {
		w := &s.sentinels[i]
		if w.state != 0 {
			continue
		}
		if s.nodes[w.watches].frozen == 0 && !s.deafTo(i) {
			w.pinged = never
		}
		if w.pinged == never && (now+s.phases>>i)%2 == 0 {
			w.pinged = now
		}
	}
}

// count lets the Sentinels that see their master as down hear who else does.
func (r rules) count(s *state, now int8) {
	for i := range s.sentinels {
		for j := range s.sentinels {
			vote := &s.sentinels[i].votes[j]
			if *vote != never && now-*vote > r.votesLast {
				*vote = never
			}
			if i != j && s.down(i, now) && s.down(j, now) && s.sentinels[i].watches == s.sentinels[j].watches {
				*vote = now
			}
		}
	}
}

// failovers are the steps of failovers that may be made now.
func (r rules) failovers(s *state, now int8) []move {
	var moves []move
	may := func(format string, a, b int, do func(s *state) string) {
		moves = append(moves, move{event{format, int8(a), int8(b)}, do})
	}
	for i, w := range s.sentinels {
		if w.state != 0 {
			continue
		}
		switch {
		case w.leads == 0 && !w.tried && s.down(i, now) && s.agree(i) >= r.quorum:
			for j, voter := range s.sentinels {
				// One that has switched knows the old master no more.
				if j != i && voter.state == 0 && voter.watches == w.watches {
					may("Sentinel %d is elected by itself and Sentinel %d", i, j, func(s *state) string { s.elect(i, j); return "" })
				}
			}
		case w.leads == elected:
			for c := range s.nodes {
				// The replicas are alike until one is promoted.
				if s.nodes[c].follows == never || s.nodes[c].frozen != 0 || s.rightEpoch == 0 && c == 2 {
					continue
				}
				may("Sentinel %d promotes node %d", i, c, func(s *state) string { return r.promote(s, i, c, now) })
			}
		case w.leads == promotedBy:
			may("Sentinel %d ends its failover", i, 0, func(s *state) string { s.adopt(i, w.promoted, w.leadEpoch); return "" })
			for n := range s.nodes {
				if n != int(w.promoted) && s.nodes[n].frozen == 0 && s.nodes[n].follows != w.promoted {
					may("node %d follows node %d", n, int(w.promoted), func(s *state) string { s.follow(n, w.promoted); return "" })
				}
			}
		}
		if s.rightEpoch > w.config && w.leads != promotedBy {
			may("Sentinel %d hears of node %d", i, int(s.rightful), func(s *state) string { s.adopt(i, s.rightful, s.rightEpoch); return "" })
		}
		for n := range s.nodes {
			if w.config == s.rightEpoch && w.config > 0 && w.leads == 0 && n != int(w.watches) && s.nodes[n].frozen == 0 && s.nodes[n].follows != w.watches {
				may("node %d follows node %d", n, int(w.watches), func(s *state) string { s.follow(n, w.watches); return "" })
			}
		}
	}
	return moves
}

// settle: a promotion of which no living Sentinel knows will be turned back.
func (s *state) settle() {
	s.rightful, s.rightEpoch = 0, 0
	for _, w := range s.sentinels {
		if w.state != dead && w.config > s.rightEpoch {
			s.rightful, s.rightEpoch = w.watches, w.config
		}
		if w.leads == promotedBy && w.leadEpoch > s.rightEpoch {
			s.rightful, s.rightEpoch = w.promoted, w.leadEpoch
		}
	}
}

// agree counts who sees the master as down, as far as Sentinel i knows.
func (s *state) agree(i int) int8 {
	agree := int8(1)
	for _, vote := range s.sentinels[i].votes {
		if vote != never {
			agree++
		}
	}
	return agree
}

// elect: whoever stood or voted does not stand again for twice failover-timeout, which is longer than any run. The third
// one may not even have been asked.
func (s *state) elect(i, voter int) {
	epoch := int8(0)
	for _, w := range s.sentinels {
		epoch = max(epoch, w.epoch+1)
	}
	leader, other := &s.sentinels[i], &s.sentinels[voter]
	leader.epoch, other.epoch = epoch, epoch
	leader.tried, other.tried = true, true
	leader.leads, leader.leadEpoch = elected, epoch
}

func (r rules) promote(s *state, i, candidate int, now int8) (lost string) {
	w := &s.sentinels[i]
	w.leads, w.promoted = promotedBy, int8(candidate)
	n := &s.nodes[candidate]
	n.follows, n.lease = never, 0
	if r.selfGrants {
		n.lease = now + patience
	}
	if w.leadEpoch > s.rightEpoch {
		s.rightEpoch, s.rightful = w.leadEpoch, w.promoted
		if n.lacks {
			return fmt.Sprintf("node %d becomes master and lacks a confirmed write", candidate)
		}
	}
	return ""
}

func (s *state) adopt(i int, master, config int8) {
	w := &s.sentinels[i]
	*w = watcher{watches: master, config: config, epoch: w.epoch, pinged: never, promoted: never, votes: [3]int8{never, never, never}}
}

func (s *state) follow(n int, master int8) {
	m := &s.nodes[n]
	m.follows, m.lease, m.unsent, m.lacks = master, 0, false, s.nodes[master].lacks
}

func name(i int8) string { return [3]string{"0:1", "1:1", "2:1"}[i] }

// moment: the world begins when the machine has run for a while.
func moment(t int8) Moment { return Moment(t)*tick - longAgo*tick + tick }

// toTick is the first tick at which a lease that ends then is no more.
func toTick(m Moment) int8 {
	if m == 0 {
		return 0
	}
	return int8((m + tick - 1 - moment(0)) / tick)
}

func toSeen(v View) seen {
	return seen{v.Names, v.Other, v.Against, toTick(v.Until), toTick(v.Since), toTick(v.Asked), int8(v.Epoch)}
}

func (v seen) view() View {
	view := View{Names: v.names, Other: v.other, Against: v.against, Asked: moment(v.asked), Epoch: int64(v.epoch)}
	switch v.until {
	case 0:
	case longAgo:
		view.Until = moment(longAgo)
	default:
		view.Until, view.Since = moment(v.until)-margin, moment(v.since)
	}
	return view
}

// still leaves out of a view what makes no difference any more.
func (v seen) still(now int8) seen {
	if v.until != 0 && v.until <= now {
		v.until, v.since = longAgo, 0
	} else if v.until != 0 && now-v.since >= int8(forgotten/tick) {
		v.since = longAgo
	}
	if now-v.asked >= int8(forgotten/tick) {
		v.asked = longAgo
	}
	return v
}

// alike is the same for states that behave alike: whose Sentinels have changed places, or differ in what comes after the end of time.
func (s state) alike(r rules) state {
	for i := range s.sentinels {
		for j := range s.sentinels {
			if vote := &s.sentinels[i].votes[j]; *vote != never && *vote+r.votesLast >= r.ticks {
				*vote = r.ticks
			}
		}
	}
	for i := range s.nodes {
		for j := range s.nodes[i].views {
			if since := &s.nodes[i].views[j].since; *since > 0 && *since+int8(forgotten/tick) > r.ticks {
				*since = r.ticks
			}
		}
	}
	pairs := [...][2]int{{1, 2}, {0, 1}, {1, 2}}
	last := len(pairs)
	if r.deaf || r.deafBefore {
		last = 1 // Sentinel 0 is not like the others
	}
	for _, pair := range pairs[:last] {
		if i, j := pair[0], pair[1]; s.rank(i) > s.rank(j) {
			s.swap(i, j)
		}
	}
	return s
}

// rank orders Sentinels by most of what concerns them; equal ones may differ all the same.
func (s *state) rank(i int) (rank uint64) {
	w := s.sentinels[i]
	a, b, c := s.nodes[0].views[i], s.nodes[1].views[i], s.nodes[2].views[i]
	for _, part := range [...]int8{w.state, w.watches, w.config, w.epoch, w.pinged, w.leads, w.leadEpoch, w.promoted,
		s.phases >> i & 1, a.until, a.asked, a.since, b.until, b.asked, b.since, c.until, c.asked, c.since} {
		rank = rank*1099511628211 + uint64(uint8(part)) // any order will do, so this is a hash (FNV's prime)
	}
	return rank
}

func (s *state) swap(i, j int) {
	s.sentinels[i], s.sentinels[j] = s.sentinels[j], s.sentinels[i]
	for k := range s.sentinels {
		votes := &s.sentinels[k].votes
		votes[i], votes[j] = votes[j], votes[i]
	}
	for k := range s.nodes {
		views := &s.nodes[k].views
		views[i], views[j] = views[j], views[i]
	}
	if a, b := s.phases>>i&1, s.phases>>j&1; a != b {
		s.phases ^= 1<<i | 1<<j
	}
}
