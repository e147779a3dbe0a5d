// Package config reads the settings of the process from its environment and reports all problems at once.
package config

import (
	"log/slog"
	"time"
)

// Config is checked: every value is within its limits.
type Config struct {
	ListenAddresses  []string
	Sentinels        []string
	MasterName       string
	Username         string
	Password         string
	SentinelUsername string
	SentinelPassword string
	PoolSize         int
	Confirmations    int
	RequestBudget    time.Duration
	MaxBodyBytes     int64
	MaxKeyLength     int
	DrainTimeout     time.Duration
	LogLevel         slog.Level
}

// Load reads all settings through lookup (os.LookupEnv) and the secrets from the files that they name. Its
// error is a *ProblemsError with every problem.
func Load(lookup func(name string) (string, bool)) (Config, error) {
	env := &environment{lookup: lookup}
	loaded := Config{
		ListenAddresses: env.addresses("LISTEN_ADDRESS", DefaultListenAddress),
		Sentinels:       env.addresses("REDIS_SENTINELS", ""),
		MasterName:      env.required("REDIS_MASTER_NAME", "the name by which the Sentinels know the master", "mymaster"),
		PoolSize:        int(env.number("REDIS_POOL_SIZE", 20, 1, 1000)),
		Confirmations:   int(env.number("REDIS_WAIT_REPLICAS", 0, 0, 16)),
		RequestBudget:   env.duration("REQUEST_BUDGET", 1900*time.Millisecond, 100*time.Millisecond, 1900*time.Millisecond),
		MaxBodyBytes:    env.number("MAX_BODY_BYTES", 64<<10, 64, 16<<20),
		MaxKeyLength:    int(env.number("MAX_KEY_LENGTH", 128, 1, 1024)),
		DrainTimeout:    time.Duration(env.number("DRAIN_SECONDS", 10, 1, 300)) * time.Second,
		LogLevel:        env.level("LOG_LEVEL"),
	}
	loaded.Username, loaded.Password = env.credentials("REDIS_USERNAME", "REDIS_PASSWORD")
	loaded.SentinelUsername, loaded.SentinelPassword = env.credentials("REDIS_SENTINEL_USERNAME", "REDIS_SENTINEL_PASSWORD")
	if len(env.problems) > 0 {
		return Config{}, &ProblemsError{env.problems}
	}
	return loaded, nil
}

// DefaultListenAddress is every address of the host; in a container, name the ones that clients may use.
const DefaultListenAddress = "0.0.0.0:8080"

// ListenAddresses reads LISTEN_ADDRESS alone, for the health check, which needs nothing else.
func ListenAddresses(lookup func(name string) (string, bool)) ([]string, error) {
	env := &environment{lookup: lookup}
	addresses := env.addresses("LISTEN_ADDRESS", DefaultListenAddress)
	if len(env.problems) > 0 {
		return nil, &ProblemsError{env.problems}
	}
	return addresses, nil
}
