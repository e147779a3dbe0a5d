package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Members are the nodes and Sentinels of one start, each at its place in the list, which is what it is known by: the n-th node keeps its
// data and its past under whatever address and master name it is started next.
type Members struct {
	MasterName string   `json:"masterName"`
	Nodes      []string `json:"nodes"`
	Sentinels  []string `json:"sentinels"` // address:port
}

// Members of this start.
func (t Topology) Members() Members {
	return Members{MasterName: t.MasterName, Nodes: t.Nodes, Sentinels: t.Sentinels}
}

// membersMark begins the line that holds the members in a Sentinel's file. Sentinel keeps comments where it finds them, so that the
// list is replaced in one step with the addresses that it explains.
const membersMark = "# members "

// line returns the members as a comment.
func (m Members) line() string {
	text, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings alone cannot fail
	}
	return membersMark + string(text)
}

// membersIn finds the comment; nil where there is none: a file of before this list existed, or none at all.
func membersIn(text string) *Members {
	for _, line := range strings.Split(text, "\n") {
		if rest, ok := strings.CutPrefix(line, membersMark); ok {
			var found Members
			if json.Unmarshal([]byte(rest), &found) == nil && len(found.Nodes) > 0 {
				return &found
			}
		}
	}
	return nil
}

// nodeNow says at which address the node is that was at this one when the members were written down. A node that has been removed since
// is still at the address that it had: it may be running until its container goes, and nobody else gets its data.
//
// Without a list, or for an address that even then was none of the nodes (one that had been removed before), the address plan helps: all
// bits behind the base (a /20) say which segment it is and which place in it.
func (t Topology) nodeNow(before *Members, address string) (string, error) {
	if before != nil {
		if place := indexOf(before.Nodes, address); place >= 0 && place < len(t.Nodes) {
			return t.Nodes[place], nil
		} else if place >= 0 {
			return address, nil
		}
	}
	if contains(t.Nodes, address) {
		return address, nil
	}
	for _, node := range t.Nodes {
		if planned(node, 0) == planned(address, 0) {
			return node, nil
		}
	}
	if before != nil || planned(t.Nodes[0], segmentBits) == planned(address, segmentBits) {
		return address, nil
	}
	return "", fmt.Errorf("the master that was last in charge is at %s, which is none of the nodes (%s), and no list says which one it was. "+
		"To fix: start once with the addresses as they were (network.baseCidr), then change them", address, strings.Join(t.Nodes, ", "))
}

// sentinelNow is nodeNow for Sentinels; one that has been removed is forgotten.
func (t Topology) sentinelNow(before *Members, endpoint string) (string, bool) {
	if before != nil {
		place := indexOf(before.Sentinels, endpoint)
		if place < 0 || place >= len(t.Sentinels) {
			return "", false
		}
		return t.Sentinels[place], true
	}
	return endpoint, contains(t.Sentinels, endpoint)
}

// Bits of an address behind the platform's base and within one segment (constructs/network/address-plan.ts).
const (
	baseBits    = 12
	segmentBits = 7
)

// planned is what of an address does not change when the platform's base does, without the last bits. IPv6 is not planned this way, and
// such an address has a plan of its own.
func planned(address string, without int) string {
	parsed, err := netip.ParseAddr(address)
	if err != nil || !parsed.Is4() {
		return address
	}
	bytes := parsed.As4()
	behindBase := (uint32(bytes[2])<<8 | uint32(bytes[3])) & (1<<baseBits - 1)
	return strconv.FormatUint(uint64(behindBase>>without), 10)
}

func indexOf(list []string, item string) int {
	for i, one := range list {
		if one == item {
			return i
		}
	}
	return -1
}
