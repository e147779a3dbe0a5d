package lease

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// How often a Sentinel is asked.
const (
	pollInterval    = 200 * time.Millisecond
	troubleInterval = 50 * time.Millisecond
	troubleLasts    = 3 * time.Second // after the last sign of it
	shortLease      = time.Second     // is trouble too, for a node that is named
)

// Council is what all Sentinels have said. The zero value is of no use, see NewCouncil. It is not safe for concurrent use.
type Council struct {
	self      string
	sentinels []string // their endpoints
	views     []View
	quorums   []int // as each answered last; 0: never
	others    []int
	downAfter []time.Duration
	troubled  Moment // until when to look often
}

// Decision is what follows from the views.
type Decision struct {
	Until   Moment // no failover of this node begins before; 0 or past: unknown
	Against bool   // a failover may have begun: end the lease at once
	Ousted  bool   // most Sentinels name another, as a newer master
	Named   bool   // some Sentinel names this node
	Reason  string // why there is no lease
}

// NewCouncil is for the node self (address:port) and the declared Sentinels.
func NewCouncil(self string, sentinels []string) *Council {
	n := len(sentinels)
	return &Council{self: self, sentinels: sentinels, views: make([]View, n), quorums: make([]int, n), others: make([]int, n), downAfter: make([]time.Duration, n)}
}

// Heard notes the answer of Sentinel i to a question that was put at asked. Without an answer, nothing is to be noted: what was promised stays
// true until it ends.
func (c *Council) Heard(i int, asked Moment, a Answer) {
	c.quorums[i], c.others[i], c.downAfter[i] = a.Quorum, a.OtherSentinels, a.DownAfter
	c.note(i, Judge(c.self, asked, a))
}

// Refused notes that the connection to Sentinel i was refused. No other error proves that nobody is there.
func (c *Council) Refused(i int, asked Moment) {
	c.note(i, refusal(c.views[i], asked, least(c.downAfter)))
}

func (c *Council) note(i int, view View) {
	c.views[i] = view.follow(c.views[i])
	if view.Trouble {
		c.troubled = max(c.troubled, view.Asked+troubleLasts)
	}
}

// Decide says until when no failover of this node can begin.
//
// A failover needs the votes of a quorum, so it is impossible while need Sentinels keep their promise. Votes given before count for a while,
// so either all promise who might lead one now (R2: whoever does must see this node as down itself), or the promises
// have stood for so long that all older votes are forgotten (R3).
func (c *Council) Decide(now Moment) Decision {
	n := len(c.sentinels)
	for _, others := range c.others {
		n = max(n, 1+others)
	}
	need := n + 1 // as long as no quorum is known, nothing is enough
	if quorum := least(c.quorums); quorum > 0 {
		need = n - quorum + 1
	}
	epoch, named := c.epoch()
	decision := Decision{Named: named}
	var safe, old []Moment
	naming, ousting, doubt := 0, 0, false
	for _, v := range c.views {
		another := v.Other && v.Epoch >= epoch
		if (v.Against || another) && now-v.Asked < forgotten {
			decision.Against = true
		}
		if another && now-v.Asked < recent {
			ousting++
		}
		switch {
		case another || v.Until == 0 || v.Until <= now:
			doubt = doubt || v.mayLead(now)
			continue
		case v.Names:
			naming++
		}
		safe = append(safe, v.Until)
		if now-v.Since >= forgotten {
			old = append(old, v.Until)
		}
	}
	decision.Ousted = ousting > n/2
	if !decision.Against && naming > n/2 {
		if len(safe) >= need && !doubt {
			decision.Until = slices.Min(safe)
		}
		if len(old) >= need {
			slices.Sort(old)
			decision.Until = max(decision.Until, old[len(old)-need])
		}
	}
	if decision.Until <= now {
		decision.Reason = c.explain(now, naming, n)
	}
	return decision
}

// Pause says how long to wait before a Sentinel is asked again, given when the lease ends.
func (c *Council) Pause(now, leaseEnds Moment) time.Duration {
	if _, named := c.epoch(); now < c.troubled || named && leaseEnds < now+shortLease {
		return troubleInterval
	}
	return pollInterval
}

// epoch is the highest config-epoch at which this node is named; -1 if it is not.
func (c *Council) epoch() (epoch int64, named bool) {
	epoch = -1
	for _, v := range c.views {
		if v.Names {
			epoch = max(epoch, v.Epoch)
		}
	}
	return epoch, epoch >= 0
}

func (c *Council) explain(now Moment, naming, n int) string {
	parts := []string{fmt.Sprintf("%d of %d Sentinels name this node and promise", naming, n)}
	for i, v := range c.views {
		switch {
		case v.Asked == 0:
			parts = append(parts, c.sentinels[i]+" has not answered yet")
		case now-v.Asked >= recent:
			parts = append(parts, fmt.Sprintf("%s is silent for %s", c.sentinels[i], (now-v.Asked).Truncate(100*time.Millisecond)))
		case v.Why != "":
			parts = append(parts, c.sentinels[i]+" "+v.Why)
		}
	}
	return strings.Join(parts, "; ")
}

// least is the smallest known (positive) value; 0 if none is.
func least[T int | time.Duration](values []T) T {
	var smallest T
	for _, value := range values {
		if value > 0 && (smallest == 0 || value < smallest) {
			smallest = value
		}
	}
	return smallest
}
