package items_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"redis-platform/api/internal/items"
	"redis-platform/api/internal/itemstest"
)

const maxKey = 16

func TestKeysOutsideTheLimitsAreRefusedByEveryMethod(t *testing.T) {
	ctx := context.Background()
	service := items.NewService(itemstest.NewMemory(), maxKey)
	for _, key := range []string{"", strings.Repeat("k", maxKey+1), "a\nb", "a\x00", "\x7f", "a\u200bb", "\xff", "tab\t"} {
		_, getErr := service.Get(ctx, key)
		_, _, putErr := service.Put(ctx, key, json.RawMessage("1"), 0, items.Precondition{}, "")
		_, deleteErr := service.Delete(ctx, key, items.Precondition{}, "")
		_, _, incrementErr := service.Increment(ctx, key, 1, "")
		_, counterErr := service.Counter(ctx, key)
		for _, err := range []error{getErr, putErr, deleteErr, incrementErr, counterErr} {
			var invalid *items.InvalidError
			if !errors.As(err, &invalid) || invalid.Code != "invalid_key" {
				t.Errorf("key %q: %v", key, err)
			}
		}
	}
}

func TestKeysWithinTheLimitsAreTaken(t *testing.T) {
	service := items.NewService(itemstest.NewMemory(), maxKey)
	for _, key := range []string{"k", strings.Repeat("k", maxKey), "a b", "a/b:c", "..", "ключ", "{x}*?"} {
		if _, _, err := service.Put(context.Background(), key, json.RawMessage("1"), 0, items.Precondition{}, ""); err != nil {
			t.Errorf("key %q: %v", key, err)
		}
	}
}

func TestLifeTimesOutsideTheLimitsAreRefused(t *testing.T) {
	service := items.NewService(itemstest.NewMemory(), maxKey)
	for seconds, ok := range map[int64]bool{-1: false, 0: true, 1: true, items.MaxTTLSeconds: true, items.MaxTTLSeconds + 1: false} {
		_, _, err := service.Put(context.Background(), "k", json.RawMessage("1"), seconds, items.Precondition{}, "")
		var invalid *items.InvalidError
		if ok != (err == nil) || (err != nil && (!errors.As(err, &invalid) || invalid.Code != "invalid_ttl")) {
			t.Errorf("%d s: %v", seconds, err)
		}
	}
}

func TestIdempotencyKeysAreVisibleASCII(t *testing.T) {
	for _, good := range []string{"k", strings.Repeat("k", items.MaxIdempotencyKey), `"8e03978e-40d5-43dd-bc93-6894a57f9324"`, "a,b;c=~!"} {
		if key, err := items.ParseIdempotencyKey(good); err != nil || string(key) != good {
			t.Errorf("%q: %q, %v", good, key, err)
		}
	}
	for _, bad := range []string{"", strings.Repeat("k", items.MaxIdempotencyKey+1), "a b", "a\tb", "a\x00", "\x7f", "é", "\xff"} {
		_, err := items.ParseIdempotencyKey(bad)
		var invalid *items.InvalidError
		if !errors.As(err, &invalid) || invalid.Code != "invalid_idempotency_key" {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
