package redisrepo

import (
	"context"
	"testing"
	"time"

	"redis-platform/api/internal/redistest"
)

// outage writes until it works again, and checks that no write hangs.
func outage(t *testing.T, repository *Repository, failed time.Time) time.Duration {
	t.Helper()
	for {
		start := time.Now()
		_, err := repository.Increment(context.Background(), "count", 1)
		if took := time.Since(start); took > budget+300*time.Millisecond {
			t.Fatalf("one write took %s", took)
		}
		if err == nil {
			return time.Since(failed)
		}
		if time.Since(failed) > 15*time.Second {
			t.Fatalf("still no master after 15 s: %v", err)
		}
	}
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
	took := outage(t, repository, time.Now())
	t.Logf("outage %s", took.Round(time.Millisecond))
	if took > 8*time.Second {
		t.Fatal("the client found the new master too late")
	}
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
		took := outage(t, repository, time.Now())
		t.Logf("outage with Sentinel %d frozen: %s", which, took.Round(time.Millisecond))
		cluster.Nodes[0].Thaw()
		cluster.Sentinels[which].Thaw()
		if took > 8*time.Second {
			t.Fatal("the client found the new master too late")
		}
	}
}
