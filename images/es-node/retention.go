package main

import (
	"slices"
	"time"
)

const (
	oneDay = 24 * time.Hour
	// mostIndices leaves room below the 1,000 shards that a node of Elasticsearch 9 opens by default (cluster.max_shards_per_node).
	mostIndices = 900
)

// Index holds the lines of one day (UTC).
type Index struct {
	Name  string
	Day   time.Time
	Bytes int64
	// Reason is why it has to go.
	Reason string
}

// Expired returns what has to go: days that ended longer ago than the greatest age, and, from the oldest on, what is too much. Even the
// newest goes when it alone is too much: a full disk would stop more than the logs.
//
// Days that have not begun yet come from a clock that was wrong, or is wrong now: they stay, but go before all others, so they push nobody out.
func Expired(indices []Index, now time.Time, retention Retention) []Index {
	dearestFirst := slices.Clone(indices)
	slices.SortFunc(dearestFirst, func(a, b Index) int {
		switch early, late := a.isToCome(now), b.isToCome(now); {
		case early && late:
			return a.Day.Compare(b.Day)
		case early:
			return 1
		case late:
			return -1
		}
		return b.Day.Compare(a.Day)
	})
	expired := []Index{}
	var bytes int64 // of what stays; more than MaxBytes once something was too much
	count := 0      // of what stays
	for _, index := range dearestFirst {
		switch {
		case now.Sub(index.Day.Add(oneDay)) > retention.MaxAge():
			index.Reason = "age"
		case bytes+index.Bytes > retention.MaxBytes:
			bytes += index.Bytes
			index.Reason = "size"
		case count == mostIndices:
			index.Reason = "count"
		default:
			bytes += index.Bytes
			count++
			continue
		}
		expired = append(expired, index)
	}
	return expired
}

// isToCome: a minute before midnight tomorrow's first line may be there already.
func (i Index) isToCome(now time.Time) bool { return i.Day.After(now.Add(time.Hour)) }
