package main

import (
	"fmt"
	"strconv"
	"strings"
)

// Info is what the supervisor reads from a node's `INFO replication persistence keyspace`.
type Info struct {
	Role           string // "master" or "slave"
	Priority       int    // replica-priority; 0 can't be elected. Known for replicas only.
	LinkUp         bool   // a replica that has synced and hears its master
	MasterHost     string // of a replica
	Offset         int64  // bytes of the replication stream: written by a master, applied by a replica
	ReplicationID  string // offsets compare only within one id
	ReplicasOnline int    // replicas of a master that have synced
	Loading        bool   // still reading its files: Keys is not final
	Keys           int64  // in all databases
	AppendOnly     bool   // the append-only file is on
	Unwritten      string // what could not be written when it was last tried; empty: nothing
}

// Electable says whether a Sentinel may promote this node. A master counts: it already is what an election would make it.
func (i Info) Electable() bool {
	return i.Role == "master" || i.Priority > 0
}

// ParseInfo reads the text of INFO. It refuses text that lacks what a decision needs.
func ParseInfo(text string) (Info, error) {
	fields := map[string]string{}
	info := Info{}
	for _, line := range strings.Split(text, "\n") {
		name, value, ok := strings.Cut(strings.TrimRight(line, "\r"), ":")
		if !ok {
			continue
		}
		fields[name] = value
		if isDatabase(name) {
			keys, err := keysOf(value)
			if err != nil {
				return Info{}, fmt.Errorf("INFO: %s is %q: %w", name, value, err)
			}
			info.Keys += keys
		}
		if isReplica(name) && strings.Contains(value, "state=online") {
			info.ReplicasOnline++
		}
	}
	info.Role = fields["role"]
	info.ReplicationID = fields["master_replid"]
	info.AppendOnly = fields["aof_enabled"] == "1"
	info.Unwritten = unwritten(fields)
	info.Loading = fields["loading"] == "1" || fields["async_loading"] == "1"
	var err error
	number := func(name string) int64 {
		n, parseError := strconv.ParseInt(fields[name], 10, 64)
		if parseError != nil && err == nil {
			err = fmt.Errorf("INFO: %s is %q: expected a number", name, fields[name])
		}
		return n
	}
	switch info.Role {
	case "master":
		info.Offset = number("master_repl_offset")
	case "slave":
		info.MasterHost = fields["master_host"]
		info.LinkUp = fields["master_link_status"] == "up"
		info.Priority = int(number("slave_priority"))
		info.Offset = number("slave_repl_offset")
	default:
		return Info{}, fmt.Errorf("INFO: role is %q: expected master or slave", info.Role)
	}
	if info.ReplicationID == "" {
		return Info{}, fmt.Errorf("INFO: master_replid is missing")
	}
	return info, err
}

// unwritten names what Redis could not write: the worst first, with which it refuses writes.
func unwritten(fields map[string]string) string {
	for _, one := range []struct{ field, what string }{
		{"aof_last_write_status", "its append-only file"},
		{"rdb_last_bgsave_status", "its last snapshot (RDB)"},
		{"aof_last_bgrewrite_status", "its append-only file anew (a rewrite)"},
	} {
		if fields[one.field] == "err" {
			return one.what
		}
	}
	return ""
}

// isDatabase recognizes the keyspace section's db0, db1, ...
func isDatabase(name string) bool { return isNumbered(name, "db") }

// isReplica recognizes a master's slave0, slave1, ...
func isReplica(name string) bool { return isNumbered(name, "slave") }

func isNumbered(name, prefix string) bool {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return false
	}
	_, err := strconv.ParseUint(rest, 10, 16)
	return err == nil
}

// keysOf reads "keys=12,expires=0,avg_ttl=0".
func keysOf(value string) (int64, error) {
	for _, part := range strings.Split(value, ",") {
		if count, ok := strings.CutPrefix(part, "keys="); ok {
			return strconv.ParseInt(count, 10, 64)
		}
	}
	return 0, fmt.Errorf("no keys=")
}
