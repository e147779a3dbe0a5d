package itemstest

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"redis-platform/api/internal/items"
)

// idempotency is the part of the contract about idempotency keys.
func idempotency(t *testing.T, repository items.Repository) {
	ctx := context.Background()
	always := items.Precondition{}
	put := func(key, value string, when items.Precondition, id items.IdempotencyKey) (items.PutResult, bool, error) {
		return repository.Put(ctx, key, json.RawMessage(value), 0, when, id)
	}
	current := func(t *testing.T, key, want string) {
		t.Helper()
		if item, err := repository.Get(ctx, key); err != nil || string(item.Value) != want {
			t.Fatalf("%s is %s, %v, want %s", key, item.Value, err, want)
		}
	}

	t.Run("a repeated put answers as the first and undoes nothing", func(t *testing.T) {
		first, replayed, err := put("once", "1", always, "put-1")
		if err != nil || replayed || !first.Created {
			t.Fatalf("%+v, %v, %v", first, replayed, err)
		}
		if _, _, err := put("once", "2", always, ""); err != nil {
			t.Fatal(err)
		}
		again, replayed, err := put("once", "1", always, "put-1")
		if err != nil || !replayed || again.Version != first.Version || !again.Created || string(again.Value) != "1" {
			t.Fatalf("%+v, %v, %v, want %+v", again, replayed, err, first)
		}
		current(t, "once", "2")
	})
	t.Run("a repeated delete deletes nothing that came later", func(t *testing.T) {
		for _, step := range []bool{false, true} {
			if !step {
				_, _, _ = put("once-deleted", "1", always, "")
			}
			if replayed, err := repository.Delete(ctx, "once-deleted", always, "delete-1"); err != nil || replayed != step {
				t.Fatalf("%v, %v", replayed, err)
			}
			_, _, _ = put("once-deleted", "2", always, "")
		}
		current(t, "once-deleted", "2")
	})
	t.Run("a repeated increment counts once", func(t *testing.T) {
		for _, step := range []bool{false, true, true} {
			value, replayed, err := repository.Increment(ctx, "once", math.MaxInt64-1, "increment-1")
			if err != nil || value != math.MaxInt64-1 || replayed != step {
				t.Fatalf("%d, %v, %v", value, replayed, err)
			}
		}
	})
	t.Run("of 50 at once with one key exactly one counts, and all are told the same", func(t *testing.T) {
		var mu sync.Mutex
		fresh := 0
		together(50, func(int) {
			value, replayed, err := repository.Increment(ctx, "once-race", 1, "race-1")
			if err != nil || value != 1 {
				t.Errorf("%d, %v", value, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if !replayed {
				fresh++
			}
		})
		if value, err := repository.Counter(ctx, "once-race"); err != nil || value != 1 || fresh != 1 {
			t.Fatalf("%d, %v; %d were the first", value, err, fresh)
		}
	})
	t.Run("what did not happen is repeated as well, whatever has changed", func(t *testing.T) {
		exists := items.Precondition{MustExist: true}
		for _, step := range []bool{false, true} {
			if _, replayed, err := put("once-late", "1", exists, "failed-put"); !errors.Is(err, items.ErrPreconditionFailed) || replayed != step {
				t.Errorf("put: %v, %v", replayed, err)
			}
			if replayed, err := repository.Delete(ctx, "once-late", exists, "failed-delete"); !errors.Is(err, items.ErrPreconditionFailed) || replayed != step {
				t.Errorf("delete: %v, %v", replayed, err)
			}
			if replayed, err := repository.Delete(ctx, "once-late", always, "missing"); !errors.Is(err, items.ErrNotFound) || replayed != step {
				t.Errorf("delete of nothing: %v, %v", replayed, err)
			}
			if _, replayed, err := repository.Increment(ctx, "once", 2, "range"); !errors.Is(err, items.ErrCounterRange) || replayed != step {
				t.Errorf("increment: %v, %v", replayed, err)
			}
			if _, _, err := put("once-late", "2", always, ""); err != nil {
				t.Fatal(err)
			}
		}
		current(t, "once-late", "2")
	})
	t.Run("a key belongs to one request", func(t *testing.T) {
		if _, _, err := put("once-own", "1", always, "own"); err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{
			"another value":        third(put("once-own", "2", always, "own")),
			"another item":         third(put("once-other", "1", always, "own")),
			"another precondition": third(put("once-own", "1", items.Precondition{MustExist: true}, "own")),
			"another life time":    third(repository.Put(ctx, "once-own", json.RawMessage("1"), time.Hour, always, "own")),
			"an increment":         third(repository.Increment(ctx, "once-own", 1, "own")),
			"a delete":             second(repository.Delete(ctx, "once-own", always, "own")),
		} {
			if !errors.Is(err, items.ErrIdempotencyKeyReused) {
				t.Errorf("%s: %v", what, err)
			}
		}
		current(t, "once-own", "1")
		if _, err := repository.Counter(ctx, "once-own"); !errors.Is(err, items.ErrNotFound) {
			t.Error(err)
		}
	})
}

func second[A any](_ A, err error) error { return err }

func third[A, B any](_ A, _ B, err error) error { return err }
