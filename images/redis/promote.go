package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

const promoteCommand = "docker exec <container> redis-node promote --accept-data-loss"

// electedWithin: Sentinel waits up to 2 x failover-timeout (20 s) after a failover that it aborted for want of a replica.
const electedWithin = 40 * time.Second

// Promote lets the Sentinels elect this replica although it has not synced since its start. It is for the case that the
// master is gone for good after everything was stopped: no program can know which node has the newest data then.
func Promote(env Environment, acceptLoss bool, out io.Writer) error {
	topology, err := LoadTopology(env, "node.json")
	if err != nil {
		return err
	}
	world, err := NewWorld(env, topology)
	if err != nil {
		return err
	}
	defer world.Close()
	ctx := context.Background()
	own, err := world.Own(ctx)
	if err != nil {
		return fmt.Errorf("own Redis does not answer: %w", err)
	}
	fmt.Fprintf(out, "%s (this node): %s\n", env.Address, describeNode(own))
	peers := world.Peers(ctx)
	for _, peer := range peers {
		if peer.Reach == Answered {
			fmt.Fprintf(out, "%s: %s\n", peer.Address, describeNode(peer.Info))
		} else {
			fmt.Fprintf(out, "%s: %s\n", peer.Address, peer.Reach)
		}
	}
	switch {
	case own.Role == "master":
		return errors.New("this node is the master already: nothing to do")
	case own.LinkUp:
		return fmt.Errorf("this node follows its master %s, which is alive: nothing to do", own.MasterHost)
	}
	for _, peer := range peers {
		if peer.Reach == Answered && peer.Info.Role == "master" {
			return fmt.Errorf("peer %s is a master and alive: this node will follow it, nothing to do", peer.Address)
		}
	}
	if !acceptLoss {
		return errors.New("refused: every write that this node does not hold will be lost, those on other nodes too, because they will copy this node. " +
			"Better start the master " + own.MasterHost + " if it still exists. To go on: " + promoteCommand)
	}
	if err := world.SetOwn(ctx, "replica-priority", strconv.Itoa(electablePriority)); err != nil {
		return err
	}
	fmt.Fprintf(out, "replica-priority is now %d: the Sentinels may elect this node. Its %d keys will replace what the other nodes hold.\n", electablePriority, own.Keys)
	for begin := time.Now(); time.Since(begin) < electedWithin; sleep(ctx, 500*time.Millisecond) {
		for _, view := range world.Views(ctx) {
			if view.Master == env.Address && !view.FailoverInProgress {
				fmt.Fprintf(out, "elected: the Sentinels name %s.\n", env.Address)
				return nil
			}
		}
	}
	return fmt.Errorf("not elected within %s: a majority of the Sentinels must be up, see the master as down and know this replica "+
		"(if their data is lost too, declare %s as the master). The priority stays, they may still elect it", electedWithin, env.Address)
}

func describeNode(info Info) string {
	text := fmt.Sprintf("%s, %d keys", info.Role, info.Keys)
	if info.Role == "slave" {
		text = fmt.Sprintf("replica of %s, link up: %t, %d keys, replica-priority %d", info.MasterHost, info.LinkUp, info.Keys, info.Priority)
	}
	if info.Loading {
		text += " (still loading)"
	}
	return text
}
