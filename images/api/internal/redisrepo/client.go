package redisrepo

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/redis/go-redis/v9"

	"redis-platform/api/internal/logging"
)

// Options say where Redis is and how much of it a process may use.
type Options struct {
	Sentinels        []string
	MasterName       string
	Username         string
	Password         string
	SentinelUsername string
	SentinelPassword string
	PoolSize         int
	// Confirmations are the replicas that must have a write before it succeeds. 0: the master alone will do.
	Confirmations int
	// Budget is the longest that one method of the Repository may take.
	Budget time.Duration
}

const (
	// connectTimeout is for one TCP connection. Inside one network it takes under a millisecond; a host that is
	// gone answers nothing at all.
	connectTimeout = 300 * time.Millisecond
	// replyTimeout is for one answer of Redis or a Sentinel, but for those to writes, which have the whole budget. A read
	// that met a frozen master still has two thirds of its budget left.
	replyTimeout = 500 * time.Millisecond
	// resolveTimeout is for "ask a Sentinel, connect to the master it names". It must be longer than two
	// replyTimeouts: go-redis leaves a frozen Sentinel only after a reply timeout, and keeps it for ever if this
	// deadline strikes first.
	resolveTimeout = 1300 * time.Millisecond
	// dialPatience is how long one pooled dial goes on looking for a master: longer than a failover, because
	// go-redis pauses for a second at a time once PoolSize dials have failed.
	dialPatience = 8 * time.Second
	// maxDials bounds how many of a pool's connections look for a master at the same time.
	maxDials = 4
)

// newClient connects nothing yet. Retries are off: go-redis would also repeat a write whose answer was lost.
func newClient(options Options) (*redis.Client, *masterDialer) {
	connect := &net.Dialer{Timeout: connectTimeout, KeepAlive: 15 * time.Second}
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName:       options.MasterName,
		SentinelAddrs:    options.Sentinels,
		Username:         options.Username,
		Password:         options.Password,
		SentinelUsername: options.SentinelUsername,
		SentinelPassword: options.SentinelPassword,
		ClientName:       "api",
		DisableIdentity:  true,

		Dialer:                connect.DialContext,
		DialTimeout:           dialPatience,
		DialerRetries:         1,
		ReadTimeout:           replyTimeout,
		WriteTimeout:          replyTimeout,
		ContextTimeoutEnabled: true,
		MaxRetries:            -1,

		PoolSize:           options.PoolSize,
		PoolTimeout:        dialPatience, // the request's own deadline strikes long before
		MaxConcurrentDials: min(maxDials, options.PoolSize),
		ConnMaxIdleTime:    5 * time.Minute,
	})
	dialer := &masterDialer{resolve: client.Options().Dialer}
	client.AddHook(dialer)
	return client, dialer
}

// LogTo sends go-redis' own lines to log instead of standard error. It is for the whole process, and must be
// called before the first New.
func LogTo(log *slog.Logger) { redis.SetLogger(libraryLogger{log}) }

// libraryLogger keeps go-redis' own lines, which are about connections, at debug level and in JSON.
type libraryLogger struct{ log *slog.Logger }

func (l libraryLogger) Printf(ctx context.Context, format string, args ...any) {
	if l.log.Enabled(ctx, slog.LevelDebug) {
		l.log.DebugContext(ctx, logging.Discreet(fmt.Sprintf(format, args...)), "log.logger", "go-redis")
	}
}
