// Package items is what the service does, whatever carries the requests and whatever stores the data.
package items

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// MaxTTLSeconds is ten years: longer than any cache entry, and far from where milliseconds overflow in Redis.
const MaxTTLSeconds = 10 * 365 * 24 * 60 * 60

// Service checks input and hands it to the repository. Safe for concurrent use.
type Service struct {
	repository   Repository
	maxKeyLength int
}

// NewService takes the longest key that is allowed, in bytes.
func NewService(repository Repository, maxKeyLength int) *Service {
	return &Service{repository: repository, maxKeyLength: maxKeyLength}
}

// Get returns an item, or ErrNotFound.
func (s *Service) Get(ctx context.Context, key string) (Item, error) {
	if err := checkKey(key, s.maxKeyLength); err != nil {
		return Item{}, err
	}
	return s.repository.Get(ctx, key)
}

// Put stores a value for ttlSeconds (0: for ever), replacing what was there.
func (s *Service) Put(
	ctx context.Context, key string, value json.RawMessage, ttlSeconds int64, when Precondition, once IdempotencyKey,
) (result PutResult, replayed bool, err error) {
	if err := checkKey(key, s.maxKeyLength); err != nil {
		return PutResult{}, false, err
	}
	if ttlSeconds < 0 || ttlSeconds > MaxTTLSeconds {
		return PutResult{}, false, &InvalidError{Code: "invalid_ttl", Message: fmt.Sprintf(
			"ttlSeconds is %d: it must be a whole number from 1 to %d. Leave it out for an item that never expires.", ttlSeconds, MaxTTLSeconds)}
	}
	return s.repository.Put(ctx, key, value, time.Duration(ttlSeconds)*time.Second, when, once)
}

// Delete removes an item, or returns ErrNotFound.
func (s *Service) Delete(ctx context.Context, key string, when Precondition, once IdempotencyKey) (replayed bool, err error) {
	if err := checkKey(key, s.maxKeyLength); err != nil {
		return false, err
	}
	return s.repository.Delete(ctx, key, when, once)
}

// Increment adds to a counter, which starts at 0, and returns its new value.
func (s *Service) Increment(ctx context.Context, key string, by int64, once IdempotencyKey) (value int64, replayed bool, err error) {
	if err := checkKey(key, s.maxKeyLength); err != nil {
		return 0, false, err
	}
	return s.repository.Increment(ctx, key, by, once)
}

// Counter returns a counter's value, or ErrNotFound.
func (s *Service) Counter(ctx context.Context, key string) (int64, error) {
	if err := checkKey(key, s.maxKeyLength); err != nil {
		return 0, err
	}
	return s.repository.Counter(ctx, key)
}
