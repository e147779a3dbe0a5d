// Package redisrepo keeps items and counters in a Redis that Sentinels fail over.
package redisrepo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
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
	client  *redis.Client
	dialer  *masterDialer
	budget  time.Duration
	retries prometheus.Counter
}

var _ items.Repository = (*Repository)(nil)

// New connects nothing yet; see WaitUntilReady. budget is the longest that one method may take.
func New(options Options, budget time.Duration) *Repository {
	client, dialer := newClient(options)
	return &Repository{client: client, dialer: dialer, budget: budget, retries: newRetries()}
}

// Close closes all connections; requests that still run fail.
func (r *Repository) Close() error { return r.client.Close() }

// Get implements items.Repository.
func (r *Repository) Get(ctx context.Context, key string) (items.Item, error) {
	var fields []any
	err := r.read(ctx, func(ctx context.Context) (err error) {
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
func (r *Repository) Put(ctx context.Context, key string, value json.RawMessage, ttl time.Duration, when items.Precondition) (items.Item, bool, error) {
	keys := []string{itemPrefix + key, lastVersion}
	args := append([]any{[]byte(value), ttl.Milliseconds()}, conditionArgs(when)...)
	answer, err := r.writeScript(ctx, putScript, 3, keys, args)
	switch {
	case err != nil:
		return items.Item{}, false, err
	case answer[0] == 0:
		return items.Item{}, false, items.ErrPreconditionFailed
	default:
		return items.Item{Value: value, Version: answer[2], TTL: ttl}, answer[1] == 1, nil
	}
}

// Delete implements items.Repository.
func (r *Repository) Delete(ctx context.Context, key string, when items.Precondition) error {
	answer, err := r.writeScript(ctx, deleteScript, 2, []string{itemPrefix + key}, conditionArgs(when))
	switch {
	case err != nil:
		return err
	case answer[0] == 0:
		return items.ErrPreconditionFailed
	case answer[1] == 0:
		return items.ErrNotFound
	default:
		return nil
	}
}

// Increment implements items.Repository.
func (r *Repository) Increment(ctx context.Context, key string, by int64) (value int64, err error) {
	err = r.write(ctx, func(ctx context.Context) (err error) {
		value, err = r.client.IncrBy(ctx, counterPrefix+key, by).Result()
		return err
	})
	return value, err
}

// Counter implements items.Repository.
func (r *Repository) Counter(ctx context.Context, key string) (value int64, err error) {
	var text string
	err = r.read(ctx, func(ctx context.Context) (err error) {
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

// writeScript runs a script that answers with `want` whole numbers.
func (r *Repository) writeScript(ctx context.Context, script *redis.Script, want int, keys []string, args []any) (answer []int64, err error) {
	err = r.write(ctx, func(ctx context.Context) (err error) {
		answer, err = script.Run(ctx, r.client, keys, args...).Int64Slice()
		return err
	})
	if err == nil && len(answer) != want {
		err = fmt.Errorf("the script answered %d numbers instead of %d", len(answer), want)
	}
	return answer, err
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
