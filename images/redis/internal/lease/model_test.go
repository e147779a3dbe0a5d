//go:build !race

package lease

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// visit is how a state came about.
type visit struct {
	before int32 // index of the visit that it came from; never: a beginning
	event
	tick int8
}

// reached is a state, and the index of its visit.
type reached struct {
	state
	at int32
}

// explorer looks at every order of events that the rules allow, tick by tick.
type explorer struct {
	rules
	visits []visit
	now    int8
	known  map[state]bool
}

// explore returns the events that lose a write, in the fewest ticks; nil if none do.
func explore(r rules) (lost []string, states int) {
	e := &explorer{rules: r}
	var layer []reached
	for phases := range int8(8) {
		layer = append(layer, e.visit(r.begin(phases), never, event{}))
	}
	for e.now = 1; e.now <= r.ticks; e.now++ {
		decided := map[[3]seen]Decision{}
		for _, phase := range []func([]reached) ([]reached, string){
			func(from []reached) ([]reached, string) { return e.choose(from, r.faults) },
			func(from []reached) ([]reached, string) {
				return e.pass(from, func(s *state) string { return e.turn(s, decided) })
			},
			func(from []reached) ([]reached, string) { return e.choose(from, r.failovers) },
			func(from []reached) ([]reached, string) {
				return e.pass(from, func(s *state) string {
					s.watch(e.now)
					r.count(s, e.now)
					return ""
				})
			},
		} {
			var what string
			if layer, what = phase(layer); what != "" {
				return append(e.trace(layer[0].at), fmt.Sprintf("%.1f s  %s", seconds(e.now), what)), len(e.visits)
			}
		}
	}
	return nil, len(e.visits)
}

func (e *explorer) visit(s state, before int32, what event) reached {
	e.visits = append(e.visits, visit{before, what, e.now})
	return reached{s, int32(len(e.visits) - 1)}
}

// fresh says whether no state like this was seen in this phase.
func (e *explorer) fresh(s state) bool {
	key := s.alike(e.rules)
	if e.known[key] {
		return false
	}
	e.known[key] = true
	return true
}

// choose adds all that follows from any number of moves, in any order.
func (e *explorer) choose(from []reached, moves func(s *state, now int8) []move) ([]reached, string) {
	e.known = make(map[state]bool, len(from))
	for _, one := range from {
		e.known[one.alike(e.rules)] = true
	}
	for i := 0; i < len(from); i++ {
		before := from[i]
		for _, m := range moves(&before.state, e.now) {
			after := before.state
			lost := m.do(&after)
			if lost == "" {
				lost = e.write(&after, e.now)
			}
			if lost != "" {
				return []reached{e.visit(after, before.at, m.event)}, lost
			}
			if e.fresh(after) {
				from = append(from, e.visit(after, before.at, m.event))
			}
		}
	}
	return from, ""
}

// pass does what happens anyway.
func (e *explorer) pass(from []reached, do func(s *state) string) ([]reached, string) {
	e.known = make(map[state]bool, len(from))
	var found []reached
	for _, one := range from {
		if lost := do(&one.state); lost != "" {
			return []reached{one}, lost
		}
		if e.fresh(one.state) {
			found = append(found, one)
		}
	}
	return found, ""
}

// turn: clients write, supervisors ask, clients write again.
func (e *explorer) turn(s *state, decided map[[3]seen]Decision) string {
	if lost := e.write(s, e.now); lost != "" {
		return lost
	}
	e.ask(s, e.now, func(i int, views [3]seen) Decision {
		d, known := decided[views]
		if !known {
			d = e.councilOf(i, views).Decide(moment(e.now))
			decided[views] = d
		}
		return d
	})
	lost := e.write(s, e.now)
	for i := range s.nodes {
		if s.nodes[i].frozen == 0 {
			s.nodes[i].unsent = false
		}
	}
	e.count(s, e.now)
	return lost
}

func (e *explorer) councilOf(i int, views [3]seen) *Council {
	c := NewCouncil(name(int8(i)), []string{"a", "b", "c"})
	for j, v := range views {
		c.views[j], c.quorums[j], c.others[j], c.downAfter[j] = v.view(), e.told, 2, patience*tick
		if e.forgetsSilent && e.now-v.asked >= int8(recent/tick) {
			c.views[j] = View{}
		}
	}
	return c
}

func (e *explorer) trace(at int32) (lines []string) {
	for ; at != never; at = e.visits[at].before {
		if v := e.visits[at]; v.format != "" {
			lines = append(lines, fmt.Sprintf("%.1f s  %s", seconds(v.tick), v.event))
		}
	}
	slices.Reverse(lines)
	return lines
}

// With a lease, no order of events that the rules allow loses a write that WAIT confirmed.
func TestModelFindsNoLossUnderALease(t *testing.T) {
	for what, allow := range map[string]func(*rules){
		"a freeze": func(r *rules) {},
		"a freeze, and a Sentinel that hears no master":          func(r *rules) { r.deaf, r.ticks = true, 5 },
		"a freeze, and a Sentinel that has long heard no master": func(r *rules) { r.deafBefore, r.ticks = true, 5 },
		"a freeze and a paused Sentinel":                         func(r *rules) { r.sentinelPauses, r.ticks = 1, 5 },
		"a freeze and a killed Sentinel":                         func(r *rules) { r.kills, r.ticks = 1, 5 },
		"a freeze, and a Sentinel is paused while it leads":      func(r *rules) { r.sentinelPauses, r.pausesLeaders, r.ticks = 1, true, 6 },
	} {
		t.Run(what, func(t *testing.T) {
			r := usual()
			allow(&r)
			lost, states := explore(r)
			t.Logf("%d states", states)
			if lost != nil {
				t.Errorf("a confirmed write is lost:\n%s", strings.Join(lost, "\n"))
			}
		})
	}
}

// The model can fail: without a lease, and with each of these mistakes, it finds a way to lose a write.
func TestModelFindsEachMistake(t *testing.T) {
	for what, mistake := range map[string]func(*rules){
		"no lease": func(r *rules) { r.off = true },
		"writes are refused, but acknowledgements count":        func(r *rules) { r.takesAcks = true },
		"a lease lasts longer than the promise":                 func(r *rules) { r.longer = 1 },
		"a promoted node grants itself a lease":                 func(r *rules) { r.selfGrants = true },
		"a lease begins when the server reads the command":      func(r *rules) { r.relative = true },
		"the age of the last ping is not looked at":             func(r *rules) { r.noPings = true },
		"a failover in progress is not looked at":               func(r *rules) { r.noAgainst = true },
		"who sees the node as down counts as silent":            func(r *rules) { r.deaf, r.noDoubt = true, true },
		"a majority is enough, though one may begin a failover": func(r *rules) { r.deafBefore, r.quorum = true, 1 },
		"silence counts as death": func(r *rules) {
			r.sentinelPauses, r.pausesLeaders, r.forgetsSilent = 1, true, true
		},
		"the longest promise is enough": func(r *rules) { r.deafBefore, r.told = true, 3 },
	} {
		t.Run(what, func(t *testing.T) {
			r := usual()
			mistake(&r)
			find(t, r)
		})
	}
}

// What the lease does not promise, see README.md: these are known, so a change that mends one should say so here.
func TestModelKnowsTheLimits(t *testing.T) {
	for what, limit := range map[string]func(*rules){
		"a Sentinel and the master do not reach each other, but both reach all others": func(r *rules) { r.deaf, r.cutOff = true, true },
	} {
		t.Run(what, func(t *testing.T) {
			r := usual()
			limit(&r)
			find(t, r)
		})
	}
}

func find(t *testing.T, r rules) {
	lost, states := explore(r)
	if lost == nil {
		t.Errorf("nothing is lost in %d states", states)
	}
	t.Logf("%d states\n%s", states, strings.Join(lost, "\n"))
}

func seconds(t int8) float64 { return (time.Duration(t) * tick).Seconds() }
