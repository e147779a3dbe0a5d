package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"
)

// healthTimeout is below the 2 s that a container's health check is given.
const healthTimeout = 1500 * time.Millisecond

// CheckHealth asks the container's own server for PING. It depends on nobody else: a node that waits for a Sentinel whose
// start waits for the node's health would wait for ever. A server that is still loading its data is not healthy.
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
	if err := client.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("PING: %w", err)
	}
	return nil
}
