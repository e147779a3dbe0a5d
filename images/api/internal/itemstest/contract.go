package itemstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redis-platform/api/internal/items"
)

// Contract runs what every items.Repository promises. The repository must be empty.
func Contract(t *testing.T, repository items.Repository) {
	ctx := context.Background()
	put := func(t *testing.T, key, value string, when items.Precondition) (items.Item, bool) {
		t.Helper()
		result, _, err := repository.Put(ctx, key, json.RawMessage(value), 0, when, "")
		if err != nil {
			t.Fatalf("put %s: %v", key, err)
		}
		return result.Item, result.Created
	}
	remove := func(key string, when items.Precondition) error {
		_, err := repository.Delete(ctx, key, when, "")
		return err
	}
	wantError := func(t *testing.T, got, want error) {
		t.Helper()
		if !errors.Is(got, want) {
			t.Fatalf("got error %v, want %v", got, want)
		}
	}

	t.Run("a value comes back byte for byte", func(t *testing.T) {
		for _, value := range []string{`{"a":[1, 2.50,"<&>"]}`, `null`, `""`, `12345678901234567890.123`, `"ü\u0000"`} {
			stored, _ := put(t, "bytes", value, items.Precondition{})
			got, err := repository.Get(ctx, "bytes")
			if err != nil || string(got.Value) != value || got.Version != stored.Version || got.TTL != 0 {
				t.Fatalf("put %s, got %+v, %v", value, got, err)
			}
		}
	})
	t.Run("missing items and counters are not found", func(t *testing.T) {
		_, err := repository.Get(ctx, "missing")
		wantError(t, err, items.ErrNotFound)
		_, err = repository.Counter(ctx, "missing")
		wantError(t, err, items.ErrNotFound)
		wantError(t, remove("missing", items.Precondition{}), items.ErrNotFound)
	})
	t.Run("a put says whether it created, and versions grow", func(t *testing.T) {
		first, created := put(t, "grow", "1", items.Precondition{})
		second, replacedCreated := put(t, "grow", "2", items.Precondition{})
		if !created || replacedCreated || second.Version <= first.Version {
			t.Fatalf("created %v %v, versions %d %d", created, replacedCreated, first.Version, second.Version)
		}
	})
	t.Run("a version from before a delete never matches again", func(t *testing.T) {
		old, _ := put(t, "reborn", "1", items.Precondition{})
		if err := remove("reborn", items.Precondition{Versions: []int64{old.Version}}); err != nil {
			t.Fatal(err)
		}
		put(t, "reborn", "2", items.Precondition{})
		_, _, err := repository.Put(ctx, "reborn", json.RawMessage("3"), 0, items.Precondition{Versions: []int64{old.Version}}, "")
		wantError(t, err, items.ErrPreconditionFailed)
	})
	t.Run("preconditions", func(t *testing.T) {
		there, _ := put(t, "there", "1", items.Precondition{})
		for _, test := range []struct {
			key   string
			when  items.Precondition
			holds bool
		}{
			{"there", items.Precondition{MustExist: true}, true},
			{"absent", items.Precondition{MustExist: true}, false},
			{"there", items.Precondition{MustNotExist: true}, false},
			{"there", items.Precondition{Versions: []int64{1, there.Version}}, false}, // the first row changed it
			{"there", items.Precondition{Versions: []int64{}}, false},
			{"absent", items.Precondition{Versions: []int64{there.Version}}, false},
			{"absent", items.Precondition{MustNotExist: true}, true},
		} {
			_, _, err := repository.Put(ctx, test.key, json.RawMessage("2"), 0, test.when, "")
			if test.holds != (err == nil) || (err != nil && !errors.Is(err, items.ErrPreconditionFailed)) {
				t.Errorf("put %s %+v: %v", test.key, test.when, err)
			}
		}
		wantError(t, remove("gone", items.Precondition{MustExist: true}), items.ErrPreconditionFailed)
		wantError(t, remove("there", items.Precondition{Versions: []int64{1}}), items.ErrPreconditionFailed)
		now, _ := repository.Get(ctx, "there")
		if err := remove("there", items.Precondition{Versions: []int64{1, now.Version}}); err != nil {
			t.Error(err)
		}
	})
	t.Run("an item expires, and a put without a life time lifts it", func(t *testing.T) {
		for _, key := range []string{"short", "kept"} {
			if _, _, err := repository.Put(ctx, key, json.RawMessage("1"), 300*time.Millisecond, items.Precondition{}, ""); err != nil {
				t.Fatal(err)
			}
		}
		item, err := repository.Get(ctx, "short")
		if err != nil || item.TTL <= 0 || item.TTL > 300*time.Millisecond {
			t.Fatalf("ttl %s, %v", item.TTL, err)
		}
		put(t, "kept", "2", items.Precondition{})
		for deadline := time.Now().Add(3 * time.Second); !errors.Is(err, items.ErrNotFound); time.Sleep(20 * time.Millisecond) {
			if _, err = repository.Get(ctx, "short"); time.Now().After(deadline) {
				t.Fatal("still there 3 s after a life of 0.3 s")
			}
		}
		if kept, err := repository.Get(ctx, "kept"); err != nil || kept.TTL != 0 {
			t.Fatalf("%+v, %v", kept, err)
		}
	})
	t.Run("of 50 concurrent writers with the same version exactly one wins", func(t *testing.T) {
		start, _ := put(t, "race", "0", items.Precondition{})
		var won, lost atomic.Int32
		together(50, func(i int) {
			_, _, err := repository.Put(ctx, "race", json.RawMessage(fmt.Sprint(i)), 0, items.Precondition{Versions: []int64{start.Version}}, "")
			switch {
			case err == nil:
				won.Add(1)
			case errors.Is(err, items.ErrPreconditionFailed):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
		if won.Load() != 1 || lost.Load() != 49 {
			t.Fatalf("%d won and %d lost", won.Load(), lost.Load())
		}
	})
	t.Run("100 concurrent increments all count", func(t *testing.T) {
		together(100, func(int) {
			if _, _, err := repository.Increment(ctx, "hits", 3, ""); err != nil {
				t.Error(err)
			}
		})
		if value, err := repository.Counter(ctx, "hits"); err != nil || value != 300 {
			t.Fatalf("%d, %v", value, err)
		}
	})
	t.Run("a counter refuses to leave 64 bits and stays as it is", func(t *testing.T) {
		if _, _, err := repository.Increment(ctx, "full", math.MaxInt64, ""); err != nil {
			t.Fatal(err)
		}
		_, _, err := repository.Increment(ctx, "full", 1, "")
		wantError(t, err, items.ErrCounterRange)
		if value, _ := repository.Counter(ctx, "full"); value != math.MaxInt64 {
			t.Fatal(value)
		}
	})
	t.Run("an item and a counter of the same key are apart", func(t *testing.T) {
		put(t, "same", `"text"`, items.Precondition{})
		if value, _, err := repository.Increment(ctx, "same", 1, ""); err != nil || value != 1 {
			t.Fatalf("%d, %v", value, err)
		}
	})
	idempotency(t, repository)
}

// together runs work in count goroutines that start at once, and waits for all.
func together(count int, work func(i int)) {
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range count {
		group.Add(1)
		go func() {
			defer group.Done()
			<-start
			work(i)
		}()
	}
	close(start)
	group.Wait()
}
