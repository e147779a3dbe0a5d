package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// healthTimeout is below the 2 s that a container's health check is given.
const healthTimeout = 1500 * time.Millisecond

// CheckHealth asks the container's own server for PING. It depends on nobody else: a node that waits for a Sentinel whose
// start waits for the node's health would wait for ever. A server that is still loading its data is not healthy. A node that waits for an
// operator, or cannot write its disk, says so (see Blocked).
func CheckHealth(env Environment, kind string) error {
	topology, err := LoadTopology(env, kind+".json")
	if err != nil {
		return err
	}
	user := topology.RedisUser
	if kind == "sentinel" {
		user = topology.SentinelUser
	}
	login, err := user.Read()
	if err != nil {
		return err
	}
	client := newClient(net.JoinHostPort(env.Local(), strconv.Itoa(topology.Port)), login)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), healthTimeout)
	defer cancel()
	// A master that cannot write its disk refuses PING too, so that the Sentinels elect another.
	if err := client.Ping(ctx).Err(); err != nil && !strings.HasPrefix(err.Error(), "MISCONF") {
		if blocked := whyBlocked(env); blocked != nil && kind == "node" {
			return blocked
		}
		return fmt.Errorf("PING: %w", err)
	}
	if kind != "node" {
		return nil
	}
	info, err := askInfo(ctx, client)
	if err != nil {
		return fmt.Errorf("INFO: %w", err)
	}
	if info.Unwritten != "" {
		return cannotWriteNow(env, info.Unwritten)
	}
	return nil
}

// cannotWriteNow is what a node says that runs but cannot write. Once it can, it goes on by itself.
func cannotWriteNow(env Environment, what string) Blocked {
	reason, fix := "", "look at its log"
	if err := CheckRoom(env.DataDir); err != nil {
		why := cannotWrite(env.DataDir, err)
		reason, fix = ": "+why.Reason, why.Fix
	}
	return Blocked{fmt.Sprintf("cannot write %s%s. To fix: %s\n", what, reason, fix)}
}
