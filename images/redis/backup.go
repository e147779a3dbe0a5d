package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"redis-platform/redis-node/internal/backup"
)

// BackupConfig is the content of backup.json.
type BackupConfig struct {
	Nodes        []string    `json:"nodes"` // address:port of all Redis nodes
	RedisUser    Credentials `json:"redisUser"`
	Fencing      Fencing     `json:"fencing"`
	EverySeconds int64       `json:"everySeconds"`
	Keep         backup.Keep `json:"keep"`
}

// BackupEnvironment is where scheduled backups run. Its defaults are those of the container.
type BackupEnvironment struct {
	Deployment  string // DEPLOYMENT and ENVIRONMENT: what manifests say
	Environment string
	ConfigDir   string // CONFIG_DIR: default /config, read-only
	Folder      string // BACKUP_DIR: default /backups
}

// LoadBackupEnvironment reads the environment.
func LoadBackupEnvironment(lookup func(string) (string, bool)) BackupEnvironment {
	get := func(name, fallback string) string {
		if value, ok := lookup(name); ok && value != "" {
			return value
		}
		return fallback
	}
	return BackupEnvironment{
		Deployment:  get("DEPLOYMENT", "unknown"),
		Environment: get("ENVIRONMENT", "unknown"),
		ConfigDir:   get("CONFIG_DIR", "/config"),
		Folder:      get("BACKUP_DIR", "/backups"),
	}
}

// LoadBackupConfig reads backup.json and reports every problem at once.
func LoadBackupConfig(env BackupEnvironment) (BackupConfig, error) {
	var config BackupConfig
	path := filepath.Join(env.ConfigDir, "backup.json")
	content, err := os.ReadFile(path)
	if err != nil {
		return config, err
	}
	decoder := json.NewDecoder(strings.NewReader(string(content)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&config); err != nil {
		return config, fmt.Errorf("%s: %w", path, err)
	}
	if err := errors.Join(config.problems()...); err != nil {
		return config, fmt.Errorf("%s:\n%w", path, err)
	}
	return config, nil
}

func (c BackupConfig) problems() []error {
	var found []error
	problem := func(format string, args ...any) { found = append(found, fmt.Errorf(format, args...)) }
	if len(c.Nodes) == 0 {
		problem("nodes is empty: it must name all Redis nodes")
	}
	for i, node := range c.Nodes {
		if _, err := netip.ParseAddrPort(node); err != nil {
			problem("nodes[%d] is %q: it must be address:port", i, node)
		}
	}
	if c.Fencing != FencingLease && c.Fencing != FencingOff {
		problem("fencing is %q: it must be %q or %q", c.Fencing, FencingLease, FencingOff)
	}
	if c.EverySeconds < 1 {
		problem("everySeconds is %d: it must be at least 1", c.EverySeconds)
	}
	if c.Keep.Count < 1 || c.Keep.MaxAgeSeconds < 1 {
		problem("keep is %d backups for %d s: both must be at least 1", c.Keep.Count, c.Keep.MaxAgeSeconds)
	}
	return found
}

func (c BackupConfig) every() time.Duration { return time.Duration(c.EverySeconds) * time.Second }

// RunBackups takes backups on schedule until SIGTERM.
func RunBackups(env BackupEnvironment) error {
	config, err := LoadBackupConfig(env)
	if err != nil {
		return err
	}
	login, err := config.RedisUser.Read()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	return backup.Schedule{
		Source: backup.Source{
			Nodes:    config.Nodes,
			Username: login.Username,
			Password: login.password,
			Lease:    config.Fencing == FencingLease,
		},
		Store:       backup.Store{Folder: env.Folder},
		Every:       config.every(),
		Keep:        config.Keep,
		Deployment:  env.Deployment,
		Environment: env.Environment,
		Taken: func(manifest backup.Manifest, took time.Duration, removed []string) {
			slog.Info(fmt.Sprintf("%d keys in %d bytes are backed up", manifest.Keys, manifest.RDB.Bytes),
				logAction, actionBackup, logDuration, took.Nanoseconds(), logReason, removedText(removed))
		},
		Failed: func(err error) {
			slog.Error("no backup was taken", logAction, actionNoBackup, logError, err.Error())
		},
	}.Run(ctx)
}

func removedText(removed []string) string {
	if len(removed) == 0 {
		return ""
	}
	return "too old or too many: " + strings.Join(removed, ", ")
}

// ListBackups prints what is kept, as JSON, oldest first.
func ListBackups(env BackupEnvironment, to io.Writer) error {
	kept, err := backup.Store{Folder: env.Folder}.List()
	if err != nil {
		return err
	}
	return json.NewEncoder(to).Encode(kept)
}

// CheckBackups fails if backups are not taken as often as they should be.
func CheckBackups(env BackupEnvironment, to io.Writer) error {
	config, err := LoadBackupConfig(env)
	if err != nil {
		return err
	}
	text, err := backup.Store{Folder: env.Folder}.Check(config.every(), time.Now())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(to, text)
	return err
}
