package items

import (
	"context"
	"encoding/json"
	"time"
)

// Repository keeps items and counters. Every method is atomic and safe for concurrent use, and returns
// ErrNotFound, ErrPreconditionFailed, ErrOutOfMemory, ErrCounterRange, ErrIdempotencyKeyReused or an
// *UnavailableError where they apply.
//
// Put, Delete and Increment return, without an error or with ErrNotFound, ErrPreconditionFailed or ErrCounterRange,
// only once what they say survives a failover. replayed is true where that was decided by an earlier write of the same
// IdempotencyKey.
type Repository interface {
	// Get returns an item, or ErrNotFound.
	Get(ctx context.Context, key string) (Item, error)
	// Put stores a value and its life time (0: for ever), replacing both.
	Put(ctx context.Context, key string, value json.RawMessage, ttl time.Duration, when Precondition, once IdempotencyKey) (result PutResult, replayed bool, err error)
	// Delete removes an item. Of a missing item: ErrPreconditionFailed where a precondition was given, else ErrNotFound.
	Delete(ctx context.Context, key string, when Precondition, once IdempotencyKey) (replayed bool, err error)
	// Increment adds to a counter, which starts at 0, and returns its new value. ErrCounterRange leaves it unchanged.
	Increment(ctx context.Context, key string, by int64, once IdempotencyKey) (value int64, replayed bool, err error)
	// Counter returns a counter's value, or ErrNotFound.
	Counter(ctx context.Context, key string) (int64, error)
}
