package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// RunSentinel writes the Sentinel's file and becomes redis-sentinel. It waits for nobody.
func RunSentinel(env Environment) error {
	syscall.Umask(0o077) // Sentinel rewrites its file, which holds passwords
	topology, err := LoadTopology(env, "sentinel.json")
	if err != nil {
		return err
	}
	base, err := os.ReadFile(filepath.Join(env.ConfigDir, "sentinel.conf"))
	if err != nil {
		return err
	}
	secrets, err := os.ReadFile(filepath.Join(env.ConfigDir, "sentinel-secrets.conf"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	path := filepath.Join(env.DataDir, "sentinel.conf")
	previous, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	memory, dropped, err := ParseSentinelMemory(string(previous), env, topology)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	text, err := RenderSentinelConf(env, topology, string(base), string(secrets), memory)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(env.ConfigDir, "sentinel.conf"), err)
	}
	users, err := PrepareUsers(env, sentinelACL)
	if err != nil {
		return err
	}
	if err := writeFile(path, text+users); err != nil {
		return err
	}
	slog.Info("sentinel configuration", logAction, actionSentinelStart, logRole, "sentinel", logMaster, memory.Master,
		"redis.remembers", memory.ID != "", "redis.declared_master", topology.DeclaredMaster,
		"redis.config_epoch", memory.ConfigEpoch, "redis.sentinels", len(memory.Sentinels), "redis.dropped_lines", dropped)
	server, err := exec.LookPath("redis-server")
	if err != nil {
		return err
	}
	return syscall.Exec(server, []string{"redis-sentinel", path, "--sentinel"}, os.Environ())
}
