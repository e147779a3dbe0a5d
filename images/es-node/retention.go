package main

import (
	"slices"
	"time"
)

// Index holds the lines of one day (UTC).
type Index struct {
	Name  string
	Day   time.Time
	Bytes int64
	// Reason is why it has to go.
	Reason string
}

// Expired returns what has to go: days that ended longer ago than the greatest age, and, from the oldest on, what is too much. Even the newest goes
// when it alone is too much: a full disk would stop more than the logs.
func Expired(indices []Index, now time.Time, retention Retention) []Index {
	newestFirst := slices.Clone(indices)
	slices.SortFunc(newestFirst, func(a, b Index) int { return b.Day.Compare(a.Day) })
	expired := []Index{}
	var kept int64 // bytes; more than MaxBytes once something was too much
	for _, index := range newestFirst {
		end := index.Day.Add(24 * time.Hour)
		switch {
		case now.Sub(end) > retention.MaxAge():
			index.Reason = "age"
			expired = append(expired, index)
		case kept+index.Bytes > retention.MaxBytes:
			kept += index.Bytes
			index.Reason = "size"
			expired = append(expired, index)
		default:
			kept += index.Bytes
		}
	}
	return expired
}
