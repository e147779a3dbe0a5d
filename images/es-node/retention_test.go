package main

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func day(text string) time.Time {
	parsed, err := time.Parse("2006.01.02", text)
	if err != nil {
		panic(err)
	}
	return parsed
}

func TestExpired(t *testing.T) {
	now := day("2026.11.22").Add(12 * time.Hour)
	index := func(name string, bytes int64) Index { return Index{Name: name, Day: day(name), Bytes: bytes} }
	week := Retention{MaxAgeSeconds: 7 * 86400, MaxBytes: 100}
	cases := map[string]struct {
		indices   []Index
		retention Retention
		gone      []string
	}{
		"nothing is deleted within both bounds": {
			[]Index{index("2026.11.22", 50), index("2026.11.21", 50)}, week, nil,
		},
		"a day goes once its end is older than the greatest age, and not before": {
			[]Index{index("2026.11.22", 1), index("2026.11.15", 1), index("2026.11.14", 1)}, week, []string{"2026.11.14 age"},
		},
		"the oldest go first when all together are too much, in whatever order they are listed": {
			[]Index{index("2026.11.20", 40), index("2026.11.22", 40), index("2026.11.21", 40)}, week, []string{"2026.11.20 size"},
		},
		"what is older than the first that is too much goes too, however small": {
			[]Index{index("2026.11.22", 40), index("2026.11.21", 90), index("2026.11.20", 1)}, week,
			[]string{"2026.11.21 size", "2026.11.20 size"},
		},
		"even today goes when it alone is too much": {
			[]Index{index("2026.11.22", 101), index("2026.11.21", 1)}, week, []string{"2026.11.22 size", "2026.11.21 size"},
		},
		"a day of the future stays": {
			[]Index{index("2026.12.24", 1)}, week, nil,
		},
		"a day of the future goes before the oldest, the farthest first": {
			[]Index{index("2026.12.24", 10), index("2099.01.01", 10), index("2026.11.22", 50), index("2026.11.16", 35)}, week,
			[]string{"2099.01.01 size"},
		},
		"days of the future are no reason for today to go": {
			[]Index{index("2099.01.01", 101), index("2026.11.22", 50), index("2026.11.16", 50)}, week, []string{"2099.01.01 size"},
		},
		"tomorrow's first line, an hour early, is no wrong clock": {
			[]Index{index("2026.11.22", 60), index("2026.11.21", 60)}, week, []string{"2026.11.21 size"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var gone []string
			for _, expired := range Expired(c.indices, now, c.retention) {
				gone = append(gone, expired.Name+" "+expired.Reason)
			}
			if !slices.Equal(gone, c.gone) {
				t.Errorf("got %v, want %v", gone, c.gone)
			}
		})
	}
}

func TestThereIsRoomForANewDayHoweverManyThereAre(t *testing.T) {
	now := day("2026.11.22")
	var indices []Index
	for at := range 1000 {
		indices = append(indices, Index{Name: fmt.Sprint(at), Day: now.Add(time.Duration(at) * oneDay), Bytes: 1})
	}
	expired := Expired(indices, now, Retention{MaxAgeSeconds: 3650 * 86400, MaxBytes: 1 << 40})
	if len(expired) != 100 || expired[0].Name != "900" || expired[0].Reason != "count" {
		t.Errorf("%d go, %+v first", len(expired), expired[0])
	}
}
