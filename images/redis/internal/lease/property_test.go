package lease

import (
	"errors"
	"math/rand"
	"testing"
	"testing/quick"
	"time"
)

var errTest = errors.New("no answer")

// sentinel keeps time of one master as the real one does.
type sentinel struct {
	alive, linked, accepted, reached bool // the process; its connection; could it be opened; does the master answer
	seesAsDown                       bool
	pinged                           Moment // when the oldest unanswered ping was sent; 0: none
	lastPing, answered, connected    Moment
}

func startSentinel(at Moment) *sentinel {
	return &sentinel{alive: true, linked: true, accepted: true, reached: true, pinged: at, lastPing: at, answered: at, connected: at}
}

// turn is one run of its timer: it connects once a second at most, and pings at once when it does.
func (s *sentinel) turn(at Moment) {
	if !s.alive {
		return
	}
	ping := func() {
		s.lastPing = at
		if s.pinged == 0 {
			s.pinged = at
		}
	}
	if s.linked && s.reached && s.pinged > 0 {
		s.pinged, s.answered = 0, at
	}
	if !s.linked && at-s.connected >= time.Second {
		s.connected, s.linked = at, s.accepted
		ping()
	} else if s.linked && at-s.answered > time.Second && at-s.lastPing > time.Second/2 {
		ping()
	}
	elapsed := Moment(0)
	if s.pinged > 0 {
		elapsed = at - s.pinged
	} else if !s.linked {
		elapsed = at - s.answered
	}
	s.seesAsDown = elapsed > downAfter
}

func (s *sentinel) answer(at Moment) Answer {
	a := good()
	a.LastPingSent, a.LastOkPingReply = 0, (at - s.answered).Truncate(time.Millisecond)
	if s.pinged > 0 {
		a.LastPingSent = (at - s.pinged).Truncate(time.Millisecond)
	}
	if s.seesAsDown {
		a.Flags = append(a.Flags, "s_down")
	}
	if !s.linked {
		a.Flags = append(a.Flags, "disconnected")
	}
	return a
}

// A quorum of Sentinels never sees this node as down, votes of the last 5 s included, while the lease lasts: whatever gets lost, whoever
// is killed, restarted or silent, and however late answers are read.
func TestNoQuorumCanFailOverUnderALease(t *testing.T) {
	leased, outOfReach := 0, 0
	property := func(seed int64) bool {
		random := rand.New(rand.NewSource(seed))
		n := []int{3, 3, 3, 5}[random.Intn(4)]
		quorum := n/2 + 1
		names := []string{"s1:1", "s2:1", "s3:1", "s4:1", "s5:1"}[:n]
		c := NewCouncil(self, names)
		all := make([]*sentinel, n)
		type late struct {
			asked, read Moment
			refused     bool
			answer      Answer
		}
		waiting := make([]*late, n)
		silent := make([]bool, n)
		unheard := make([]Moment, n)
		votes := make([]Moment, n) // when each last saw this node as down
		for i := range all {
			all[i] = startSentinel(now)
			votes[i] = -time.Hour
		}
		var g Grant
		for at := now; at < now+30*time.Second; at += 10 * time.Millisecond {
			for i, s := range all {
				if random.Intn(300) == 0 {
					switch random.Intn(7) {
					case 0:
						s.reached = false
					case 1:
						s.linked = false
					case 2:
						s.linked, s.accepted, s.reached = false, false, false
					case 3:
						silent[i] = true
					case 4:
						s.alive = false
					default:
						if !s.alive {
							s = startSentinel(at)
							all[i] = s
						}
						s.accepted, s.reached, silent[i] = true, true, false
					}
				}
				s.turn(at)
				if s.alive && s.seesAsDown {
					votes[i] = at
				}
				w := waiting[i]
				if w == nil && !silent[i] && random.Intn(10) == 0 {
					w = &late{asked: at - Moment(random.Intn(30))*time.Millisecond, read: at + Moment(random.Intn(300))*time.Millisecond, refused: !s.alive}
					if s.alive {
						w.answer = s.answer(at)
					}
					if !s.alive {
						w.asked = at
					}
					waiting[i] = w
				}
				if w != nil && w.read <= at {
					if w.refused {
						c.Refused(i, w.asked)
					} else {
						c.Heard(i, w.asked, w.answer)
					}
					waiting[i] = nil
				}
			}
			for i := range all {
				if at-c.views[i].Asked >= recent {
					unheard[i] = at
				}
			}
			d := c.Decide(at)
			command := g.Next(at, d)
			g.Sent(command, d, nil)
			// Who may lead a failover now: it sees this node as down, and so does, or did lately, a quorum.
			down, leaders := 0, 0
			for i, s := range all {
				if s.alive && s.seesAsDown {
					leaders++
				}
				if at-votes[i] <= 5*time.Second {
					down++
				}
			}
			possible := leaders > 0 && down >= quorum
			if possible {
				outOfReach++
			}
			if g.Ends > at {
				leased++
				if possible && !knownHole(all, unheard, at) {
					t.Logf("seed %d at %s: leased until %s, %d leaders, %d votes", seed, at, g.Ends, leaders, down)
					return false
				}
			}
		}
		return true
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 300}); err != nil {
		t.Error(err)
	}
	if leased == 0 || outOfReach == 0 {
		t.Errorf("generated nothing of interest: %d moments under a lease, %d in which a failover was possible", leased, outOfReach)
	}
	t.Logf("%d moments under a lease, %d in which a failover was possible", leased, outOfReach)
}

// knownHole is that of R2 (README.md, what it cannot promise): a Sentinel that this node did not hear when the lease was granted may
// lead a failover with votes of others that are up to 5 s old.
func knownHole(all []*sentinel, unheard []Moment, at Moment) bool {
	for i, s := range all {
		if s.alive && s.seesAsDown && at-unheard[i] > downAfter {
			return false
		}
	}
	return true
}
