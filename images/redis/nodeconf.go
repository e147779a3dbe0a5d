package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// RenderNodeConf returns redis-server's main file. It is written anew at each start, because CONFIG REWRITE (Sentinel sends
// one) copies every setting, passwords included, behind the include, where a stale copy would win over the declared value.
//
// replica-priority starts at 0: offsets do not survive a restart, so a node that has not synced yet must not be elected.
func RenderNodeConf(env Environment, t Topology, plan Plan) string {
	text := fmt.Sprintf("include %s\nport %d\nbind %s\nreplica-announce-ip %s\nreplica-announce-port %d\nreplica-priority 0\n",
		filepath.Join(env.ConfigDir, "redis.conf"), t.Port, env.Bind(), env.Address, t.Port)
	// How long redis-server waits on SIGTERM for replicas that lag; the planned stop has already waited for them.
	text += "shutdown-timeout 2\n"
	if t.Fencing == FencingLease {
		// The module works in Redis' main thread: other threads would read acknowledgements and write replies past it.
		text += "loadmodule " + env.Module + "\nio-threads 1\n"
	}
	if plan.Master != "" {
		text += fmt.Sprintf("replicaof %s %d\n", plan.Master, t.Port)
	}
	if plan.SnapshotOnly {
		text += "appendonly no\n" // until it is loaded, see watch
	}
	return text
}

// checkModule says what is missing where the image has no module; redis-server would only say that it cannot load it.
func checkModule(env Environment, t Topology) error {
	if t.Fencing != FencingLease {
		return nil
	}
	if _, err := os.Stat(env.Module); err != nil {
		return fmt.Errorf("fencing is %q in node.json, but this image has no Redis module %s (%w): build the image from images/redis, or declare fencing %q",
			t.Fencing, env.Module, err, FencingOff)
	}
	return nil
}

// writeFile replaces a file atomically; only its owner may read it.
func writeFile(path, content string) error {
	draft, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	if _, err := draft.WriteString(content); err != nil {
		draft.Close()
		return err
	}
	if err := draft.Sync(); err != nil {
		draft.Close()
		return err
	}
	if err := draft.Close(); err != nil {
		return err
	}
	return os.Rename(draft.Name(), path)
}
