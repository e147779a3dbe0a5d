package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Record is what a node knows about the roles by itself, beside its data: the last master with which its data agreed, and the config-epoch
// under which the Sentinels named it. It matters when the Sentinels know less than that, because their data is lost.
type Record struct {
	Master string   `json:"master"` // address; empty: nothing is known
	Epoch  int64    `json:"epoch"`
	Nodes  []string `json:"nodes"` // addresses when this was written, by which Master is found if they change
	// AppendOnly says that the append-only file was on, so that it is missing where it is not there.
	AppendOnly bool `json:"appendOnly,omitempty"`
	// Filled are the append-only files that held something: one that holds nothing at the next start has lost it.
	Filled []string `json:"filled,omitempty"`

	// Several says that there were more nodes when this was written: one of them may have become master since, and been removed.
	Several bool `json:"-"`
}

const (
	recordFile     = "last-master.json"
	recordInterval = time.Second
)

// LoadRecord reads the record that an earlier start has left; none is no error. The master is given at its present address.
func LoadRecord(dir string, t Topology) (Record, error) {
	path := filepath.Join(dir, recordFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return Record{Nodes: t.Nodes}, nil
	}
	if err != nil {
		return Record{}, err
	}
	var record Record
	if err := json.Unmarshal(text, &record); err != nil || !isAddress(record.Master) || len(record.Nodes) == 0 {
		return Record{}, fmt.Errorf("%s cannot be read as a record of the last master (%v). To fix: remove the file if the Sentinels have their data", path, err)
	}
	record.Master, err = t.nodeNow(&Members{Nodes: record.Nodes}, record.Master)
	record.Several = len(record.Nodes) > 1
	record.Nodes = t.Nodes
	return record, err
}

func (r Record) save(dir string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, recordFile), string(text)+"\n")
}

// Standing is how a running node's record compares with what the Sentinels say.
type Standing string

// The standings.
const (
	// Agrees: this node is what most Sentinels name, or in sync with it; this is worth a record.
	Agrees Standing = "agrees"
	// Unsettled: nothing can be said now.
	Unsettled Standing = "unsettled"
	// Forgotten: the Sentinels know less than the record. No replica is to be elected: which one has everything they cannot know.
	Forgotten Standing = "forgotten"
	// LastMaster: forgotten, and all nodes say that this one was the last master: it is the one to elect.
	LastMaster Standing = "last master"
)

// Compare says how the record stands, and what the Sentinels name if it agrees.
func (r Record) Compare(self string, info Info, views []SentinelView, sentinels int, peers []Peer) (Standing, Record) {
	named, epoch, agreed := namedMaster(views)
	if !agreed || len(views) < sentinels/2+1 || info.Loading {
		return Unsettled, r
	}
	if info.Role == "master" && named == self || info.Role == "slave" && named == info.MasterHost && info.LinkUp {
		return Agrees, Record{Master: named, Epoch: epoch, Nodes: r.Nodes, AppendOnly: info.AppendOnly, Several: len(r.Nodes) > 1}
	}
	if epoch >= r.Epoch {
		return Unsettled, r
	}
	if r.Master == self && info.Role == "slave" && allFollow(self, peers) {
		return LastMaster, r
	}
	return Forgotten, r
}

// allFollow says whether every peer is a replica of this node.
func allFollow(self string, peers []Peer) bool {
	for _, peer := range peers {
		if peer.Reach != Answered || peer.Info.Role != "slave" || peer.Info.MasterHost != self {
			return false
		}
	}
	return true
}

// keepRecord writes the record down whenever it changes, and watches whether the Sentinels still know as much.
func (n *Node) keepRecord(ctx context.Context) {
	for sleep(ctx, recordInterval) {
		info := n.last.Load()
		if info == nil {
			continue
		}
		views := n.world.Views(ctx)
		var peers []Peer
		if n.record.Master == n.env.Address && info.Role == "slave" {
			peers = n.world.Peers(ctx)
		}
		standing, record := n.record.Compare(n.env.Address, *info, views, len(n.topology.Sentinels), peers)
		if before := n.standing.Swap(&standing); (before == nil || *before != standing) && (standing == Forgotten || standing == LastMaster) {
			slog.Warn("the Sentinels know less about the last failovers than this node: their data is lost", logAction, actionForgotten,
				logRole, roleOf(*info), logMaster, n.record.Master, "redis.config_epoch", n.record.Epoch, "redis.standing", standing,
				logFix, "start all nodes: they agree on the last master by themselves; if it is gone for good, run on the replica to continue from: "+promoteCommand)
		}
		record.Filled = filledFiles(n.env.DataDir)
		changed := record.Master != n.record.Master || record.Epoch != n.record.Epoch || record.Several != n.record.Several ||
			record.AppendOnly != n.record.AppendOnly || !slices.Equal(record.Filled, n.record.Filled)
		if standing == Agrees && changed {
			if err := record.save(n.env.DataDir); err != nil {
				slog.Error("the record of the last master cannot be written", logAction, actionForgotten, logError, err.Error())
				continue
			}
			n.record = record
		}
	}
}

// wantedPriority is NextPriority while the Sentinels know enough to choose.
func (n *Node) wantedPriority(info Info, current int) int {
	standing := n.standing.Load()
	switch {
	case standing != nil && *standing == Forgotten && info.LinkUp:
		return 0
	case standing != nil && *standing == Forgotten:
		return current // what an operator says (promote) counts
	case standing != nil && *standing == LastMaster:
		return electablePriority
	}
	return NextPriority(info, current)
}
