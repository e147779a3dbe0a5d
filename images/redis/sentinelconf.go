package main

import (
	"bufio"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
)

// SentinelMemory is what a Sentinel has to keep over a restart: who it is, what it voted, and which master it settled on.
// Everything else in its file is an option and comes from the declared configuration.
type SentinelMemory struct {
	ID           string // 40 hex digits
	CurrentEpoch uint64
	Master       string // address, maybe of a node that has been removed since; empty: the declared one
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
// the file can become an option. It returns the lines that it refused: Sentinels which the platform no longer has, above all.
//
// Names and addresses may have changed since: each address is taken as that of the node or Sentinel that has its place now (Members). It fails
// where it cannot be known which node the remembered master is, because forgetting it would let old data win.
func ParseSentinelMemory(text string, env Environment, t Topology) (memory SentinelMemory, dropped []string, err error) {
	read := memoryReader{env: env, topology: t, before: membersIn(text)}
	read.masterName = masterNameIn(text, read.before, t)
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
			if kept = words[2] == read.masterName; kept {
				kept, err = read.remember(&memory, words)
			}
		default:
			ours = false
		}
		if err != nil {
			return SentinelMemory{}, nil, err
		}
		if ours && !kept {
			dropped = append(dropped, lines.Text())
		}
	}
	if memory.Master == "" {
		return SentinelMemory{ID: memory.ID, CurrentEpoch: memory.CurrentEpoch}, dropped, nil
	}
	return memory, dropped, nil
}

// masterNameIn is what the master was called when the file was written: a Sentinel of this platform watches one.
func masterNameIn(text string, before *Members, t Topology) string {
	if before != nil {
		return before.MasterName
	}
	name := t.MasterName
	for _, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if len(words) == 6 && words[0] == "sentinel" && words[1] == "monitor" {
			if name = words[2]; name == t.MasterName {
				return name
			}
		}
	}
	return name
}

type memoryReader struct {
	env        Environment
	topology   Topology
	before     *Members
	masterName string
}

// remember takes in one line about the master and says whether it made sense.
func (r memoryReader) remember(m *SentinelMemory, words []string) (ok bool, err error) {
	switch words[1] {
	case "config-epoch":
		m.ConfigEpoch, ok = epoch(words, 3)
	case "leader-epoch":
		m.LeaderEpoch, ok = epoch(words, 3)
	case "monitor":
		if ok = len(words) == 6 && isAddress(words[3]); ok {
			m.Master, err = r.topology.nodeNow(r.before, words[3])
		}
	case "known-sentinel":
		if len(words) != 6 || !sentinelID.MatchString(words[5]) {
			return false, nil
		}
		known, isOurs := r.topology.sentinelNow(r.before, net.JoinHostPort(words[3], words[4]))
		if ok = isOurs && known != net.JoinHostPort(r.env.Address, strconv.Itoa(r.topology.Port)); ok {
			m.Sentinels = append(m.Sentinels, KnownSentinel{known, words[5]})
		}
	}
	return ok, err
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
	out.WriteString(t.Members().line() + "\n")
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
