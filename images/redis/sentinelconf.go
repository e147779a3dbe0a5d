package main

import (
	"bufio"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// SentinelMemory is what a Sentinel has to keep over a restart: who it is, what it voted, and which master it settled on.
// Everything else in its file is an option and comes from the declared configuration.
type SentinelMemory struct {
	ID           string // 40 hex digits
	CurrentEpoch uint64
	Master       string // address; empty: the declared one
	ConfigEpoch  uint64
	LeaderEpoch  uint64
	Sentinels    []KnownSentinel
}

// KnownSentinel is another Sentinel with its identity.
type KnownSentinel struct {
	Endpoint string
	ID       string
}

var sentinelID = regexp.MustCompile(`^[0-9a-f]{40}$`)

// ParseSentinelMemory reads the file that a Sentinel has left. It parses each value and keeps no text, so that nothing in
// the file can become an option. It returns the lines that it refused: addresses which the platform no longer has, above all.
//
// If the remembered master is no node any more (addresses were planned anew), the whole memory of that master goes.
func ParseSentinelMemory(text string, env Environment, t Topology) (memory SentinelMemory, dropped []string) {
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) < 3 || words[0] != "sentinel" {
			continue
		}
		kept, ours := true, true
		switch words[1] {
		case "myid":
			if kept = len(words) == 3 && sentinelID.MatchString(words[2]); kept {
				memory.ID = words[2]
			}
		case "current-epoch":
			memory.CurrentEpoch, kept = epoch(words, 2)
		case "config-epoch", "leader-epoch", "monitor", "known-sentinel":
			if kept = words[2] == t.MasterName; kept {
				kept = memory.remember(words, env, t)
			}
		default:
			ours = false
		}
		if ours && !kept {
			dropped = append(dropped, lines.Text())
		}
	}
	if memory.Master == "" {
		return SentinelMemory{ID: memory.ID, CurrentEpoch: memory.CurrentEpoch}, dropped
	}
	return memory, dropped
}

// remember takes in one line about the master and says whether it made sense.
func (m *SentinelMemory) remember(words []string, env Environment, t Topology) bool {
	ok := false
	switch words[1] {
	case "config-epoch":
		m.ConfigEpoch, ok = epoch(words, 3)
	case "leader-epoch":
		m.LeaderEpoch, ok = epoch(words, 3)
	case "monitor":
		if ok = len(words) == 6 && contains(t.Nodes, words[3]); ok {
			m.Master = words[3]
		}
	case "known-sentinel":
		if len(words) != 6 || !sentinelID.MatchString(words[5]) {
			return false
		}
		endpoint := words[3] + ":" + words[4]
		if strings.Contains(words[3], ":") {
			endpoint = "[" + words[3] + "]:" + words[4]
		}
		if ok = contains(t.Sentinels, endpoint) && words[3] != env.Address; ok {
			m.Sentinels = append(m.Sentinels, KnownSentinel{endpoint, words[5]})
		}
	}
	return ok
}

func epoch(words []string, at int) (uint64, bool) {
	if len(words) != at+1 {
		return 0, false
	}
	n, err := strconv.ParseUint(words[at], 10, 63)
	return n, err == nil
}

// RenderSentinelConf returns the Sentinel's file: the declared options, with the remembered master in the declared monitor line, and
// what else it remembers. It fails if the declared options have no monitor line for the master.
func RenderSentinelConf(env Environment, t Topology, base, secrets string, memory SentinelMemory) (string, error) {
	var out strings.Builder
	monitored := 0
	master, redisPort := "", ""
	for _, line := range strings.Split(strings.TrimRight(base, "\n"), "\n") {
		words := strings.Fields(line)
		if len(words) == 6 && words[0] == "sentinel" && words[1] == "monitor" && words[2] == t.MasterName {
			monitored++
			master, redisPort = words[3], words[4]
			if memory.Master != "" {
				master = memory.Master
				words[3] = master
			}
			line = strings.Join(words, " ")
		}
		out.WriteString(line + "\n")
	}
	if monitored != 1 {
		return "", fmt.Errorf("it has %d lines `sentinel monitor %s <address> <port> <quorum>`: there must be one", monitored, t.MasterName)
	}
	if secrets = strings.TrimRight(secrets, "\n"); secrets != "" {
		out.WriteString(secrets + "\n")
	}
	fmt.Fprintf(&out, "port %d\nbind %s\nsentinel announce-ip %s\nsentinel announce-port %d\n", t.Port, env.Bind(), env.Address, t.Port)
	if memory.ID != "" {
		fmt.Fprintf(&out, "sentinel myid %s\n", memory.ID)
	}
	if memory.CurrentEpoch > 0 {
		fmt.Fprintf(&out, "sentinel current-epoch %d\n", memory.CurrentEpoch)
	}
	// Every other node is a replica, now or once it is back. Left to itself, Sentinel asks the master for its replicas only every 10 s,
	// and could not fail over to them before.
	for _, node := range t.Nodes {
		if node != master {
			fmt.Fprintf(&out, "sentinel known-replica %s %s %s\n", t.MasterName, node, redisPort)
		}
	}
	if memory.Master == "" {
		return out.String(), nil
	}
	fmt.Fprintf(&out, "sentinel config-epoch %s %d\n", t.MasterName, memory.ConfigEpoch)
	fmt.Fprintf(&out, "sentinel leader-epoch %s %d\n", t.MasterName, memory.LeaderEpoch)
	for _, known := range memory.Sentinels {
		address, port, err := splitEndpoint(known.Endpoint)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&out, "sentinel known-sentinel %s %s %d %s\n", t.MasterName, address, port, known.ID)
	}
	return out.String(), nil
}
