package redisrepo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"redis-platform/api/internal/items"
	"redis-platform/api/internal/redistest"
)

// writes are all kinds of write requests, those that change nothing too, in an order in which each does what its name says.
func writes(repository *Repository, once func(name string) items.IdempotencyKey) []struct {
	name string
	send func() error
	want error
} {
	ctx := context.Background()
	put := func(name, key string, when items.Precondition) error {
		_, _, err := repository.Put(ctx, key, json.RawMessage("1"), 0, when, once(name))
		return err
	}
	remove := func(name string) error {
		_, err := repository.Delete(ctx, "key", items.Precondition{}, once(name))
		return err
	}
	return []struct {
		name string
		send func() error
		want error
	}{
		{"put", func() error { return put("put", "key", items.Precondition{}) }, nil},
		{"failed put", func() error { return put("failed put", "key", items.Precondition{MustNotExist: true}) }, items.ErrPreconditionFailed},
		{"delete", func() error { return remove("delete") }, nil},
		{"delete of nothing", func() error { return remove("delete of nothing") }, items.ErrNotFound},
		{"increment", func() error { _, _, err := repository.Increment(ctx, "key", 1, once("increment")); return err }, nil},
	}
}

func unnamed(string) items.IdempotencyKey { return "" }

func byName(name string) items.IdempotencyKey {
	return items.IdempotencyKey(strings.ReplaceAll(name, " ", "-"))
}

func TestAnsweredWritesAreOnTheReplicas(t *testing.T) {
	ctx := context.Background()
	cluster := redistest.Start(t, 3, 1, "")
	repository := connectConfirming(t, cluster, 2)
	for i := range 200 {
		value, _, err := repository.Increment(ctx, "count", 1, "")
		if err != nil || value != int64(i+1) {
			t.Fatal(value, err)
		}
		for _, replica := range cluster.Nodes[1:] {
			if got := redistest.Ask(ctx, replica.Address, "GET", counterPrefix+"count"); got != strconv.FormatInt(value, 10) {
				t.Fatalf("%s has %q after %d was confirmed", replica.Address, got, value)
			}
		}
	}
}

// A frozen replica stays connected and confirms nothing. That holds for requests that change nothing as well: what they saw
// must not be lost. Each is asked over connections that have never written.
func TestWhatNoReplicaConfirmsIsUnknown(t *testing.T) {
	for name, once := range map[string]func(string) items.IdempotencyKey{"without": unnamed, "with": byName} {
		t.Run(name+" an idempotency key", func(t *testing.T) {
			cluster := redistest.Start(t, 2, 1, "")
			cluster.Nodes[1].Freeze()
			for _, write := range writes(connectConfirming(t, cluster, 1), once) {
				start := time.Now()
				err := write.send()
				wantUnavailable(t, err, true, start)
				if took := time.Since(start); took < budget/2 {
					t.Errorf("%s gave up after %s", write.name, took)
				}
			}
			cluster.Nodes[1].Thaw()
			for _, write := range writes(connectConfirming(t, cluster, 1), once) {
				if err := write.send(); !errors.Is(err, write.want) {
					t.Errorf("%s: %v", write.name, err)
				}
			}
		})
	}
}

func TestOneOfTwoReplicasIsEnoughForOneAndNotForTwo(t *testing.T) {
	ctx := context.Background()
	cluster := redistest.Start(t, 3, 1, "")
	one, two := connectConfirming(t, cluster, 1), connectConfirming(t, cluster, 2)
	cluster.Nodes[2].Freeze()
	if _, _, err := one.Increment(ctx, "count", 1, ""); err != nil {
		t.Error(err)
	}
	start := time.Now()
	_, _, err := two.Increment(ctx, "count", 1, "")
	wantUnavailable(t, err, true, start)
	if !strings.Contains(err.Error(), "1 of 2 replicas") {
		t.Error(err)
	}
	master := connectConfirming(t, cluster, 0)
	cluster.Nodes[1].Freeze()
	if _, _, err := master.Increment(ctx, "count", 1, ""); err != nil {
		t.Errorf("the master alone: %v", err)
	}
	cluster.Nodes[1].Thaw()
	cluster.Nodes[2].Thaw()
	start = time.Now()
	if value, _, err := two.Increment(ctx, "count", 1, ""); err != nil || value != 4 {
		t.Errorf("%d, %v after %s", value, err, time.Since(start))
	}
}

// A repeated request that finds its record has not written itself: without the write in `earlier`, WAIT would confirm it at once.
func TestARepeatedWriteIsConfirmedBeforeItIsAnswered(t *testing.T) {
	ctx := context.Background()
	cluster := redistest.Start(t, 2, 1, "")
	cluster.Nodes[1].Freeze()
	for range 2 {
		start := time.Now()
		_, _, err := connectConfirming(t, cluster, 1).Increment(ctx, "count", 1, "key")
		wantUnavailable(t, err, true, start)
	}
	cluster.Nodes[1].Thaw()
	repository := connectConfirming(t, cluster, 1)
	for range 2 {
		if value, replayed, err := repository.Increment(ctx, "count", 1, "key"); err != nil || value != 1 || !replayed {
			t.Fatalf("%d, %v, %v", value, replayed, err)
		}
	}
}

// The replica is back within the budget of the first request.
func TestAShortAbsenceOfAReplicaIsWaitedFor(t *testing.T) {
	for _, key := range []items.IdempotencyKey{"", "key"} {
		cluster := redistest.Start(t, 2, 1, "")
		repository := connectConfirming(t, cluster, 1)
		cluster.Nodes[1].Freeze()
		time.AfterFunc(700*time.Millisecond, cluster.Nodes[1].Thaw)
		start := time.Now()
		value, _, err := repository.Increment(context.Background(), "count", 1, key)
		if err != nil || value != 1 || time.Since(start) < 600*time.Millisecond {
			t.Errorf("key %q: %d, %v after %s", key, value, err, time.Since(start))
		}
	}
}

// Redis answers the refusal before the WAIT behind it, which no replica ends.
func TestARefusedWriteIsCertainAlthoughNoReplicaConfirms(t *testing.T) {
	cluster := redistest.Start(t, 2, 1, "min-replicas-to-write 1\nmin-replicas-max-lag 1\n")
	repository := connectConfirming(t, cluster, 1)
	for range poolSize { // connections that have written, for which WAIT has something to wait for
		if _, _, err := repository.Increment(context.Background(), "count", 1, ""); err != nil {
			t.Fatal(err)
		}
	}
	cluster.Nodes[1].Freeze()
	time.Sleep(3 * time.Second) // until it lags
	start := time.Now()
	_, _, err := repository.Increment(context.Background(), "count", 1, "")
	wantUnavailable(t, err, false, start)
	if !strings.Contains(err.Error(), "NOREPLICAS") {
		t.Error(err)
	}
	cluster.Nodes[1].Thaw()
	time.Sleep(2 * time.Second)
	if value, _, err := repository.Increment(context.Background(), "count", 1, ""); err != nil || value != poolSize+1 {
		t.Errorf("%d, %v", value, err)
	}
}

func TestAFrozenMasterCountsARepeatedIncrementOnce(t *testing.T) {
	ctx := context.Background()
	cluster := redistest.Start(t, 1, 1, "")
	repository := connect(t, cluster)
	if _, _, err := repository.Increment(ctx, "other", 1, ""); err != nil { // Redis learns the script
		t.Fatal(err)
	}
	cluster.Nodes[0].Freeze()
	for range 2 {
		start := time.Now()
		_, _, err := repository.Increment(ctx, "count", 1, "key")
		wantUnavailable(t, err, true, start)
	}
	cluster.Nodes[0].Thaw()
	value, replayed, err := repository.Increment(ctx, "count", 1, "key")
	if err != nil || value != 1 || !replayed {
		t.Fatalf("%d, %v, %v", value, replayed, err)
	}
}

// tripCounter counts how often the client talks to Redis and waits.
type tripCounter struct{ pipelines, single atomic.Int64 }

func (c *tripCounter) DialHook(next redis.DialHook) redis.DialHook { return next }
func (c *tripCounter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.single.Add(1)
		return next(ctx, cmd)
	}
}
func (c *tripCounter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		c.pipelines.Add(1)
		return next(ctx, cmds)
	}
}

func TestAWriteAndItsConfirmationAreOneRoundTrip(t *testing.T) {
	repository := connectConfirming(t, redistest.Start(t, 2, 1, ""), 1)
	for _, once := range []func(string) items.IdempotencyKey{unnamed, byName} {
		for _, write := range writes(repository, once) { // Redis learns the scripts
			if err := write.send(); !errors.Is(err, write.want) {
				t.Fatal(err)
			}
		}
	}
	trips := &tripCounter{}
	repository.writer.AddHook(trips)
	repository.client.AddHook(trips)
	sent := 0
	for _, once := range []func(string) items.IdempotencyKey{unnamed, byName} {
		for _, write := range writes(repository, once) {
			if err := write.send(); !errors.Is(err, write.want) {
				t.Fatal(err)
			}
			sent++
		}
	}
	if got := trips.pipelines.Load(); got != int64(sent) || trips.single.Load() != 0 {
		t.Fatalf("%d writes took %d pipelines and %d single commands", sent, got, trips.single.Load())
	}
}

func TestMetricsCountWhatWasConfirmedUnknownAndReplayed(t *testing.T) {
	ctx := context.Background()
	cluster := redistest.Start(t, 2, 1, "")
	repository := connectConfirming(t, cluster, 1)
	registry := prometheus.NewRegistry()
	registry.MustRegister(repository)
	for range 3 { // one fresh, two replayed
		if _, _, err := repository.Increment(ctx, "count", 1, "key"); err != nil {
			t.Fatal(err)
		}
	}
	cluster.Nodes[1].Freeze()
	start := time.Now()
	_, _, err := repository.Increment(ctx, "count", 1, "")
	wantUnavailable(t, err, true, start)
	cluster.Nodes[1].Thaw()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		metric := family.GetMetric()[0]
		got[family.GetName()] = metric.GetCounter().GetValue() + float64(metric.GetHistogram().GetSampleCount())
	}
	for name, want := range map[string]float64{
		"api_redis_unconfirmed_writes_total": 1, "api_redis_idempotent_replays_total": 2, "api_redis_confirmation_seconds": 4,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
}

func TestAFullRedisStillKnowsWhatItDid(t *testing.T) {
	ctx := context.Background()
	cluster := redistest.Start(t, 2, 1, "")
	repository := connectConfirming(t, cluster, 1)
	if _, _, err := repository.Increment(ctx, "count", 5, "before"); err != nil {
		t.Fatal(err)
	}
	redistest.Ask(ctx, cluster.Nodes[0].Address, "CONFIG", "SET", "maxmemory", "1")
	if value, replayed, err := repository.Increment(ctx, "count", 5, "before"); err != nil || value != 5 || !replayed {
		t.Errorf("%d, %v, %v", value, replayed, err)
	}
	if _, _, err := repository.Increment(ctx, "count", 6, "before"); !errors.Is(err, items.ErrIdempotencyKeyReused) {
		t.Error(err)
	}
	if _, _, err := repository.Increment(ctx, "count", 5, "new"); !errors.Is(err, items.ErrOutOfMemory) {
		t.Error(err)
	}
	if _, err := repository.Delete(ctx, "key", items.Precondition{}, "new"); !errors.Is(err, items.ErrOutOfMemory) {
		t.Error(err)
	}
	if _, err := repository.Delete(ctx, "key", items.Precondition{}, ""); !errors.Is(err, items.ErrNotFound) {
		t.Error(err)
	}
}

func TestRecordsLastADayFromTheFirstRequestAndAreSmall(t *testing.T) {
	ctx := context.Background()
	cluster := redistest.Start(t, 1, 1, "")
	repository := connect(t, cluster)
	key := items.IdempotencyKey(strings.Repeat("k", items.MaxIdempotencyKey))
	value := json.RawMessage(`"` + strings.Repeat("v", 5000) + `"`)
	record, _ := onceArgs(key)
	var left []int64
	for range 2 {
		if _, _, err := repository.Put(ctx, strings.Repeat("i", 100), value, time.Hour, items.Precondition{}, key); err != nil {
			t.Fatal(err)
		}
		milliseconds, _ := wholeNumber(redistest.Ask(ctx, cluster.Nodes[0].Address, "PTTL", record))
		left = append(left, milliseconds)
		time.Sleep(50 * time.Millisecond)
	}
	day := items.IdempotencyTTL.Milliseconds()
	if left[0] > day || left[0] < day-5000 || left[1] >= left[0] {
		t.Errorf("%v ms left of %d", left, day)
	}
	size, _ := wholeNumber(redistest.Ask(ctx, cluster.Nodes[0].Address, "MEMORY", "USAGE", record))
	t.Logf("a record takes %d bytes", size)
	if size == 0 || size > 256 { // what the README says
		t.Errorf("a record takes %d bytes", size)
	}
}

// Clients that repeat each increment with its key until it is answered; the total is exactly what they were told.
func TestCountersAreExactAcrossAFailover(t *testing.T) {
	for _, test := range []struct {
		name string
		fail func(*redistest.Cluster)
	}{
		{"of a killed master", func(cluster *redistest.Cluster) { cluster.Nodes[0].Kill() }},
		{"of a frozen master", func(cluster *redistest.Cluster) {
			cluster.Nodes[0].Freeze()
			before := named(cluster.Sentinels[0].Address)
			for named(cluster.Sentinels[0].Address) == before {
				time.Sleep(50 * time.Millisecond)
			}
			time.Sleep(2 * time.Second)
			cluster.Nodes[0].Thaw()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx := context.Background()
			cluster := redistest.Start(t, 3, 3, "")
			repository := connectConfirming(t, cluster, 1)
			var counted, unanswered, replayed atomic.Int64
			var over atomic.Bool
			var workers sync.WaitGroup
			for worker := range 8 {
				workers.Add(1)
				go func() {
					defer workers.Done()
					for number := 0; !over.Load(); number++ {
						key := items.IdempotencyKey(fmt.Sprintf("%d-%d", worker, number))
						for {
							_, again, err := repository.Increment(ctx, "exact", 1, key)
							if err == nil {
								counted.Add(1)
								if again {
									replayed.Add(1)
								}
								break
							}
							var unavailable *items.UnavailableError
							if !errors.As(err, &unavailable) {
								t.Error(err)
								return
							}
							unanswered.Add(1)
						}
					}
				}()
			}
			time.Sleep(500 * time.Millisecond)
			before := counted.Load()
			test.fail(cluster)
			for deadline := time.Now().Add(40 * time.Second); counted.Load() < before+2000; time.Sleep(50 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Errorf("only %d increments since the failure", counted.Load()-before)
					break
				}
			}
			over.Store(true)
			workers.Wait()
			value, err := repository.Counter(ctx, "exact")
			t.Logf("%d counted, %d of them by an earlier request; %d requests without an answer", counted.Load(), replayed.Load(), unanswered.Load())
			if err != nil || value != counted.Load() {
				t.Fatalf("the counter is %d, %v, and %d increments were answered", value, err, counted.Load())
			}
		})
	}
}
