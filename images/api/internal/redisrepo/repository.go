// Package redisrepo keeps items and counters in a Redis that Sentinels fail over.
package redisrepo

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"redis-platform/api/internal/items"
)

// Names in Redis. An item is a hash {value, version}, a counter a plain number.
const (
	itemPrefix    = "item:"
	counterPrefix = "counter:"
	lastVersion   = "item-version"
)

// Repository implements items.Repository. Safe for concurrent use.
type Repository struct {
	client *redis.Client
	// writer is client with the patience that WAIT needs; both share their connections.
	writer        *redis.Client
	dialer        *masterDialer
	budget        time.Duration
	confirmations int
	workMetrics
}

var _ items.Repository = (*Repository)(nil)

// New connects nothing yet; see WaitUntilReady.
func New(options Options) *Repository {
	client, dialer := newClient(options)
	return &Repository{
		client:        client,
		writer:        client.WithTimeout(options.Budget), // the attempt's own deadline is never later
		dialer:        dialer,
		budget:        options.Budget,
		confirmations: options.Confirmations,
		workMetrics:   newWorkMetrics(),
	}
}

// Close closes all connections; requests that still run fail.
func (r *Repository) Close() error { return r.client.Close() }

// Get implements items.Repository.
func (r *Repository) Get(ctx context.Context, key string) (items.Item, error) {
	var fields []any
	err := r.attempt(ctx, read, func(ctx context.Context) (err error) {
		fields, err = getScript.RunRO(ctx, r.client, []string{itemPrefix + key}).Slice()
		return err
	})
	switch {
	case err != nil:
		return items.Item{}, err
	case len(fields) == 0:
		return items.Item{}, items.ErrNotFound
	default:
		return parseItem(fields)
	}
}

func parseItem(fields []any) (items.Item, error) {
	if len(fields) == 3 {
		value, isText := fields[0].(string)
		text, _ := fields[1].(string)
		milliseconds, _ := fields[2].(int64)
		if version, err := strconv.ParseInt(text, 10, 64); isText && err == nil {
			return items.Item{Value: json.RawMessage(value), Version: version, TTL: time.Duration(max(0, milliseconds)) * time.Millisecond}, nil
		}
	}
	return items.Item{}, errors.New("the stored item is damaged: it must be a hash with a value and a whole-number version; delete it")
}

// Put implements items.Repository.
func (r *Repository) Put(
	ctx context.Context, key string, value json.RawMessage, ttl time.Duration, when items.Precondition, once items.IdempotencyKey,
) (items.PutResult, bool, error) {
	args := append([]any{string(value), ttl.Milliseconds()}, conditionArgs(when)...)
	record, onceArgs := onceArgs(once, append([]any{"put", key}, args...)...)
	outcome, detail, replayed, err := r.write(ctx, command{putScript, []string{record, itemPrefix + key, lastVersion}, append(onceArgs, args...), once})
	switch {
	case err != nil:
		return items.PutResult{}, false, err
	case outcome == wasFailed:
		return items.PutResult{}, replayed, items.ErrPreconditionFailed
	}
	version, err := wholeNumber(detail)
	if err != nil {
		return items.PutResult{}, false, err
	}
	return items.PutResult{Item: items.Item{Value: value, Version: version, TTL: ttl}, Created: outcome == wasCreated}, replayed, nil
}

// Delete implements items.Repository.
func (r *Repository) Delete(ctx context.Context, key string, when items.Precondition, once items.IdempotencyKey) (bool, error) {
	script := deleteScript
	if once != "" {
		script = deleteOnceScript
	}
	args := conditionArgs(when)
	record, onceArgs := onceArgs(once, append([]any{"delete", key}, args...)...)
	outcome, _, replayed, err := r.write(ctx, command{script, []string{record, itemPrefix + key}, append(onceArgs, args...), once})
	switch {
	case err != nil:
		return false, err
	case outcome == wasFailed:
		return replayed, items.ErrPreconditionFailed
	case outcome == wasMissing:
		return replayed, items.ErrNotFound
	default:
		return replayed, nil
	}
}

// Increment implements items.Repository.
func (r *Repository) Increment(ctx context.Context, key string, by int64, once items.IdempotencyKey) (int64, bool, error) {
	record, onceArgs := onceArgs(once, "increment", key, by)
	outcome, detail, replayed, err := r.write(ctx, command{incrementScript, []string{record, counterPrefix + key}, append(onceArgs, by), once})
	switch {
	case err != nil:
		return 0, false, err
	case outcome == wasRange:
		return 0, replayed, items.ErrCounterRange
	}
	value, err := wholeNumber(detail)
	return value, replayed, err
}

func wholeNumber(text string) (int64, error) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, errors.New("the script's outcome has no whole number")
	}
	return number, nil
}

// Counter implements items.Repository.
func (r *Repository) Counter(ctx context.Context, key string) (value int64, err error) {
	var text string
	err = r.attempt(ctx, read, func(ctx context.Context) (err error) {
		text, err = r.client.Get(ctx, counterPrefix+key).Result()
		return err
	})
	switch {
	case errors.Is(err, redis.Nil):
		return 0, items.ErrNotFound
	case err != nil:
		return 0, err
	}
	if value, err = strconv.ParseInt(text, 10, 64); err != nil {
		return 0, errors.New("the stored counter is damaged: it must be a whole number; delete it")
	}
	return value, nil
}

// conditionArgs is the order that the scripts' holds() reads. -1 versions: any will do.
func conditionArgs(when items.Precondition) []any {
	count := len(when.Versions)
	if when.Versions == nil {
		count = -1
	}
	args := []any{flag(when.MustExist), flag(when.MustNotExist), count}
	for _, version := range when.Versions {
		args = append(args, version)
	}
	return args
}

func flag(set bool) int {
	if set {
		return 1
	}
	return 0
}
