package redisrepo

import (
	"context"
	"testing"
	"time"

	"redis-platform/api/internal/redistest"
)

// outage writes until it works again, and checks that no write hangs and that the client follows the Sentinels soon. How long the Sentinels
// take is theirs: an election that they could not finish is tried again only after 20 s.
func outage(t *testing.T, repository *Repository, sentinel string) time.Duration {
	t.Helper()
	failed := time.Now()
	var switched time.Time
	before := named(sentinel)
	for {
		start := time.Now()
		_, _, err := repository.Increment(context.Background(), "count", 1, "")
		if took := time.Since(start); took > budget+300*time.Millisecond {
			t.Fatalf("one write took %s", took)
		}
		if err == nil {
			return time.Since(failed)
		}
		if now := named(sentinel); switched.IsZero() && now != "" && now != before {
			switched = time.Now()
		}
		if !switched.IsZero() && time.Since(switched) > 8*time.Second {
			t.Fatalf("8 s after the Sentinels named a new master the client has not found it: %v", err)
		}
		if time.Since(failed) > time.Minute {
			t.Fatalf("the Sentinels name no new master after a minute: %v", err)
		}
	}
}

// named is the master that a Sentinel names, "" if it does not answer.
func named(sentinel string) string {
	return redistest.Ask(context.Background(), sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", redistest.MasterName)
}

// warm fills the pool: every connection in it points to the old master when that fails.
func warm(t *testing.T, repository *Repository) {
	t.Helper()
	for range poolSize {
		connection := repository.client.Conn()
		defer func() { _ = connection.Close() }()
		if err := connection.Ping(context.Background()).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWritesComeBackAfterTheMasterIsKilled(t *testing.T) {
	cluster := redistest.Start(t, 3, 3, "")
	repository := connect(t, cluster)
	warm(t, repository)
	cluster.Nodes[0].Kill()
	took := outage(t, repository, cluster.Sentinels[0].Address)
	t.Logf("outage %s", took.Round(time.Millisecond))
}

// The Sentinel that go-redis listens to may be frozen as well, as when one machine holds both: its announcement
// never comes then.
func TestWritesComeBackAfterTheMasterAndASentinelFreeze(t *testing.T) {
	for which := range 3 { // one of them is the one it listens to
		cluster := redistest.Start(t, 3, 3, "")
		repository := connect(t, cluster)
		warm(t, repository)
		cluster.Nodes[0].Freeze()
		cluster.Sentinels[which].Freeze()
		took := outage(t, repository, cluster.Sentinels[(which+1)%3].Address)
		t.Logf("outage with Sentinel %d frozen: %s", which, took.Round(time.Millisecond))
		cluster.Nodes[0].Thaw()
		cluster.Sentinels[which].Thaw()
	}
}
