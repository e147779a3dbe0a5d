package redisrepo

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"redis-platform/api/internal/items"
	"redis-platform/api/internal/itemstest"
	"redis-platform/api/internal/redistest"
)

var quiet = slog.New(slog.NewJSONHandler(io.Discard, nil))

func TestMain(m *testing.M) {
	LogTo(quiet)
	os.Exit(m.Run())
}

const (
	budget   = 1500 * time.Millisecond
	poolSize = 20
)

func connect(t *testing.T, cluster *redistest.Cluster) *Repository {
	t.Helper()
	return connectConfirming(t, cluster, 0)
}

func connectConfirming(t *testing.T, cluster *redistest.Cluster, confirmations int) *Repository {
	t.Helper()
	repository := New(Options{
		Sentinels:        cluster.SentinelAddresses(),
		MasterName:       redistest.MasterName,
		Username:         redistest.Username,
		Password:         redistest.Password,
		SentinelUsername: "app",
		SentinelPassword: redistest.SentinelPassword,
		PoolSize:         poolSize,
		Confirmations:    confirmations,
		Budget:           budget,
	})
	t.Cleanup(func() { _ = repository.Close() })
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	repository.WaitUntilReady(ctx, quiet)
	if ctx.Err() != nil {
		t.Fatal("redis did not answer within 10 s")
	}
	return repository
}

func TestRedisKeepsTheContract(t *testing.T) {
	itemstest.Contract(t, connect(t, redistest.Start(t, 1, 1, "")))
}

func TestAFullRedisRefusesToStoreButDeletes(t *testing.T) {
	ctx := context.Background()
	cluster := redistest.Start(t, 1, 1, "")
	repository := connect(t, cluster)
	if _, _, err := repository.Put(ctx, "key", json.RawMessage("1"), 0, items.Precondition{}, ""); err != nil {
		t.Fatal(err)
	}
	redistest.Ask(ctx, cluster.Nodes[0].Address, "CONFIG", "SET", "maxmemory", "1")
	if _, _, err := repository.Put(ctx, "key", json.RawMessage("2"), 0, items.Precondition{}, ""); !errors.Is(err, items.ErrOutOfMemory) {
		t.Errorf("put: %v", err)
	}
	if _, _, err := repository.Increment(ctx, "key", 1, ""); !errors.Is(err, items.ErrOutOfMemory) {
		t.Errorf("increment: %v", err)
	}
	if item, err := repository.Get(ctx, "key"); err != nil || string(item.Value) != "1" {
		t.Errorf("get: %s, %v", item.Value, err)
	}
	if _, err := repository.Delete(ctx, "key", items.Precondition{}, ""); err != nil {
		t.Errorf("delete: %v", err)
	}
}

// Redis refuses with NOREPLICAS for 0.6 s; the write waits for it inside its budget instead of failing.
func TestAWriteOutlastsAShortRefusal(t *testing.T) {
	ctx := context.Background()
	cluster := redistest.Start(t, 1, 1, "")
	repository := connect(t, cluster)
	redistest.Ask(ctx, cluster.Nodes[0].Address, "CONFIG", "SET", "min-replicas-to-write", "1")
	time.AfterFunc(600*time.Millisecond, func() {
		redistest.Ask(ctx, cluster.Nodes[0].Address, "CONFIG", "SET", "min-replicas-to-write", "0")
	})
	start := time.Now()
	value, _, err := repository.Increment(ctx, "count", 1, "")
	if err != nil || value != 1 || time.Since(start) < 500*time.Millisecond {
		t.Fatalf("%d, %v after %s", value, err, time.Since(start))
	}
}

func TestALongRefusalIsUnavailableAndNothingHappened(t *testing.T) {
	cluster := redistest.Start(t, 1, 1, "min-replicas-to-write 1\n")
	repository := connect(t, cluster)
	start := time.Now()
	_, _, err := repository.Increment(context.Background(), "count", 1, "")
	wantUnavailable(t, err, false, start)
}

func TestAKilledRedisIsUnavailableAndComesBack(t *testing.T) {
	ctx := context.Background()
	cluster := redistest.Start(t, 1, 1, "")
	repository := connect(t, cluster)
	if _, _, err := repository.Increment(ctx, "count", 1, ""); err != nil {
		t.Fatal(err)
	}
	cluster.Nodes[0].Kill()
	for range 3 {
		start := time.Now()
		_, err := repository.Get(ctx, "key")
		wantUnavailable(t, err, false, start)
		start = time.Now()
		_, _, err = repository.Increment(ctx, "count", 1, "")
		wantUnavailable(t, err, false, start)
	}
	cluster.Nodes[0].Start()
	start := time.Now()
	value, _, err := repository.Increment(ctx, "count", 1, "")
	if err != nil || value != 2 {
		t.Fatalf("%d, %v after %s", value, err, time.Since(start))
	}
}

// The answer of a frozen Redis never comes: a read may ask again, a write must not.
func TestAWriteWhoseAnswerIsLostIsNotRepeated(t *testing.T) {
	ctx := context.Background()
	cluster := redistest.Start(t, 1, 1, "")
	repository := connect(t, cluster)
	if _, _, err := repository.Increment(ctx, "count", 0, ""); err != nil { // Redis learns the script
		t.Fatal(err)
	}
	cluster.Nodes[0].Freeze()
	start := time.Now()
	_, _, err := repository.Increment(ctx, "count", 1, "")
	wantUnavailable(t, err, true, start)
	start = time.Now()
	_, err = repository.Get(ctx, "key")
	wantUnavailable(t, err, false, start)
	cluster.Nodes[0].Thaw()
	// The frozen Redis executes what it had received, once.
	value, _, err := repository.Increment(ctx, "count", 1, "")
	if err != nil || value != 2 {
		t.Fatalf("%d, %v", value, err)
	}
}

func wantUnavailable(t *testing.T, err error, outcomeUnknown bool, start time.Time) {
	t.Helper()
	var unavailable *items.UnavailableError
	if !errors.As(err, &unavailable) || unavailable.OutcomeUnknown != outcomeUnknown {
		t.Fatalf("got %v, want an UnavailableError with OutcomeUnknown %v", err, outcomeUnknown)
	}
	if took := time.Since(start); took > budget+300*time.Millisecond {
		t.Fatalf("took %s, more than the budget of %s", took, budget)
	}
}

func TestWrongPasswordIsUnavailableAndNotRepeatedInTheError(t *testing.T) {
	cluster := redistest.Start(t, 1, 1, "")
	repository := New(Options{
		Sentinels: cluster.SentinelAddresses(), MasterName: redistest.MasterName,
		Username: redistest.Username, Password: "hunter2",
		SentinelUsername: "app", SentinelPassword: redistest.SentinelPassword, PoolSize: 2, Budget: budget,
	})
	defer func() { _ = repository.Close() }()
	start := time.Now()
	_, err := repository.Get(context.Background(), "key")
	wantUnavailable(t, err, false, start)
	if strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "WRONGPASS") {
		t.Fatal(err)
	}
}
