// Package itemstest has a repository in memory, and the contract that every items.Repository keeps.
package itemstest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"redis-platform/api/internal/items"
)

// Memory is an items.Repository without Redis.
type Memory struct {
	mu       sync.Mutex
	items    map[string]stored
	counters map[string]int64
	version  int64
	records  map[items.IdempotencyKey]record
	fail     error
}

// record is what a write with an idempotency key was asked and answered.
type record struct {
	request string
	result  any
	err     error
}

type stored struct {
	item    items.Item
	expires time.Time
}

var _ items.Repository = (*Memory)(nil)

// NewMemory is empty.
func NewMemory() *Memory {
	return &Memory{items: map[string]stored{}, counters: map[string]int64{}, records: map[items.IdempotencyKey]record{}}
}

// Fail makes every later call return err; nil ends that.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

func (m *Memory) find(key string) (items.Item, bool) {
	found, ok := m.items[key]
	if !ok {
		return items.Item{}, false
	}
	if !found.expires.IsZero() {
		found.item.TTL = time.Until(found.expires)
		if found.item.TTL <= 0 {
			delete(m.items, key)
			return items.Item{}, false
		}
	}
	return found.item, true
}

func (m *Memory) holds(key string, when items.Precondition) bool {
	current, exists := m.find(key)
	return !(when.MustExist && !exists) && !(when.MustNotExist && exists) &&
		(when.Versions == nil || exists && slices.Contains(when.Versions, current.Version))
}

// Get implements items.Repository.
func (m *Memory) Get(_ context.Context, key string) (items.Item, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return items.Item{}, m.fail
	}
	if item, ok := m.find(key); ok {
		return item, nil
	}
	return items.Item{}, items.ErrNotFound
}

// remember runs a write unless its idempotency key has been used.
func remember[T any](m *Memory, key items.IdempotencyKey, request string, write func() (T, error)) (T, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var none T
	if m.fail != nil {
		return none, false, m.fail
	}
	if known, found := m.records[key]; found {
		if known.request != request {
			return none, false, items.ErrIdempotencyKeyReused
		}
		return known.result.(T), true, known.err
	}
	result, err := write()
	if key != "" {
		m.records[key] = record{request, result, err}
	}
	return result, false, err
}

// Put implements items.Repository.
func (m *Memory) Put(
	_ context.Context, key string, value json.RawMessage, ttl time.Duration, when items.Precondition, id items.IdempotencyKey,
) (items.PutResult, bool, error) {
	return remember(m, id, fmt.Sprintf("put %q %s %s %#v", key, value, ttl, when), func() (items.PutResult, error) {
		if !m.holds(key, when) {
			return items.PutResult{}, items.ErrPreconditionFailed
		}
		_, existed := m.find(key)
		m.version++
		entry := stored{item: items.Item{Value: slices.Clone(value), Version: m.version, TTL: ttl}}
		if ttl > 0 {
			entry.expires = time.Now().Add(ttl)
		}
		m.items[key] = entry
		return items.PutResult{Item: entry.item, Created: !existed}, nil
	})
}

// Delete implements items.Repository.
func (m *Memory) Delete(_ context.Context, key string, when items.Precondition, id items.IdempotencyKey) (bool, error) {
	_, replayed, err := remember(m, id, fmt.Sprintf("delete %q %#v", key, when), func() (struct{}, error) {
		if !m.holds(key, when) {
			return struct{}{}, items.ErrPreconditionFailed
		}
		if _, exists := m.find(key); !exists {
			return struct{}{}, items.ErrNotFound
		}
		delete(m.items, key)
		return struct{}{}, nil
	})
	return replayed, err
}

// Increment implements items.Repository.
func (m *Memory) Increment(_ context.Context, key string, by int64, id items.IdempotencyKey) (int64, bool, error) {
	return remember(m, id, fmt.Sprintf("increment %q %d", key, by), func() (int64, error) {
		sum := m.counters[key] + by
		if (by > 0) != (sum > m.counters[key]) && by != 0 {
			return 0, items.ErrCounterRange
		}
		m.counters[key] = sum
		return sum, nil
	})
}

// Counter implements items.Repository.
func (m *Memory) Counter(_ context.Context, key string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return 0, m.fail
	}
	if value, ok := m.counters[key]; ok {
		return value, nil
	}
	return 0, items.ErrNotFound
}
