package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// withMembers is what a Sentinel of the members has left: the second node is master at epoch 6, the second Sentinel is known.
func withMembers(m Members, master string) string {
	address, _, _ := splitEndpoint(m.Sentinels[1])
	return m.line() + "\nsentinel myid " + id1 + "\nsentinel monitor " + m.MasterName + " " + master + " 6379 2\nsentinel current-epoch 7\n" +
		"sentinel config-epoch " + m.MasterName + " 6\nsentinel leader-epoch " + m.MasterName + " 7\n" +
		"sentinel known-sentinel " + m.MasterName + " " + address + " 26379 " + id2 + "\n"
}

func TestASentinelKnowsItsMasterAgainUnderAnotherNameAndAddress(t *testing.T) {
	before := Members{MasterName: "old", Nodes: []string{"10.7.0.2", "10.7.0.3", "10.7.0.4"}, Sentinels: []string{"10.7.1.2:26379", "10.7.1.3:26379", "10.7.1.4:26379"}}
	memory, dropped := parseMemory(t, withMembers(before, "10.7.0.3"), testTopology)
	if memory.Master != "10.0.0.3" || memory.ConfigEpoch != 6 || memory.LeaderEpoch != 7 || memory.ID != id1 ||
		len(memory.Sentinels) != 1 || memory.Sentinels[0] != (KnownSentinel{"10.0.1.3:26379", id2}) || len(dropped) != 0 {
		t.Errorf("got %+v, dropped %q", memory, dropped)
	}
}

func TestWhereANodeIsNow(t *testing.T) {
	moved := &Members{Nodes: []string{"10.7.0.2", "10.7.0.3", "10.7.0.4"}}
	more := &Members{Nodes: []string{"10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"}}
	fewer := &Members{Nodes: []string{"10.0.0.2"}}
	shuffled := &Members{Nodes: []string{"10.0.0.3", "10.0.0.2"}}
	for _, row := range []struct {
		name         string
		before       *Members
		address, now string
	}{
		{"as before", &Members{Nodes: testTopology.Nodes}, "10.0.0.3", "10.0.0.3"},
		{"moved", moved, "10.7.0.4", "10.0.0.4"},
		{"its place counts, not its address", shuffled, "10.0.0.3", "10.0.0.2"},
		{"removed", more, "10.0.0.5", "10.0.0.5"},
		{"removed before, and there again", fewer, "10.0.0.4", "10.0.0.4"},
		{"removed before, and there again elsewhere", &Members{Nodes: []string{"10.7.0.2"}}, "10.7.0.4", "10.0.0.4"},
		{"removed before, and still away", fewer, "10.0.0.9", "10.0.0.9"},
		{"no list, as before", nil, "10.0.0.3", "10.0.0.3"},
		{"no list, another base", nil, "10.99.16.3", "10.0.0.3"},
		{"no list, removed", nil, "10.0.0.9", "10.0.0.9"},
		{"no list, another base, removed", nil, "10.99.16.9", "10.99.16.9"},
		{"no list, no place of a node", nil, "10.0.9.3", ""},
		{"no list, IPv6", nil, "fd00::3", ""},
	} {
		now, err := testTopology.nodeNow(row.before, row.address)
		if now != row.now || (err == nil) != (row.now != "") {
			t.Errorf("%s: got %q, %v; want %q", row.name, now, err, row.now)
		}
		if err != nil && !strings.Contains(err.Error(), "To fix: ") {
			t.Errorf("%s: the error does not say how to go on: %v", row.name, err)
		}
	}
}

func TestASentinelWithoutAListIsUnderstoodOrRefuses(t *testing.T) {
	for _, row := range []struct{ text, master string }{
		{strings.ReplaceAll(leftBehind, "10.0.", "10.8."), "10.0.0.3"},
		{strings.ReplaceAll(leftBehind, " platform", " other"), "10.0.0.3"},
		{strings.ReplaceAll(leftBehind, "monitor platform 10.0.0.3", "monitor platform 10.0.0.9"), "10.0.0.9"},
	} {
		if memory, _ := parseMemory(t, row.text, testTopology); memory.Master != row.master || memory.ConfigEpoch != 6 {
			t.Errorf("got %+v, want %s", memory, row.master)
		}
	}
	strange := strings.ReplaceAll(leftBehind, "monitor platform 10.0.0.3", "monitor platform 192.168.7.3")
	if memory, _, err := ParseSentinelMemory(strange, testEnvironment, testTopology); err == nil || !strings.Contains(err.Error(), "192.168.7.3") {
		t.Errorf("got %+v, %v", memory, err)
	}
}

func TestTheRecordOfTheLastMasterIsKeptAndMoves(t *testing.T) {
	dir := t.TempDir()
	if record, err := LoadRecord(dir, testTopology); err != nil || record.Master != "" {
		t.Fatalf("none: %+v, %v", record, err)
	}
	if err := (Record{Master: "10.7.0.3", Epoch: 5, Nodes: []string{"10.7.0.2", "10.7.0.3"}}).save(dir); err != nil {
		t.Fatal(err)
	}
	if record, err := LoadRecord(dir, testTopology); err != nil || record.Master != "10.0.0.3" || record.Epoch != 5 {
		t.Errorf("got %+v, %v", record, err)
	}
	for _, broken := range []string{"", "{", `{"master":"x","epoch":1,"nodes":["10.0.0.2"]}`, `{"master":"10.0.0.2"}`} {
		if err := os.WriteFile(filepath.Join(dir, recordFile), []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		if record, err := LoadRecord(dir, testTopology); err == nil || !strings.Contains(err.Error(), "To fix: ") {
			t.Errorf("%q: got %+v, %v", broken, record, err)
		}
	}
}

func TestHowARecordStands(t *testing.T) {
	was := Record{Master: "a", Epoch: 5, Nodes: []string{"a", "b", "c"}}
	master, synced, unsynced := Info{Role: "master"}, Info{Role: "slave", MasterHost: "b", LinkUp: true}, Info{Role: "slave", MasterHost: "b"}
	follow := []Peer{{Reach: Answered, Info: Info{Role: "slave", MasterHost: "a"}}}
	at := func(master string, epoch int64) []SentinelView {
		return []SentinelView{view("s1", master, epoch), view("s2", master, epoch)}
	}
	for _, row := range []struct {
		name     string
		info     Info
		views    []SentinelView
		peers    []Peer
		standing Standing
		master   string
		epoch    int64
	}{
		{"named master", master, at("a", 6), nil, Agrees, "a", 6},
		{"in sync with the named", synced, at("b", 7), nil, Agrees, "b", 7},
		{"in sync with the named after the Sentinels began anew", synced, at("b", 1), nil, Agrees, "b", 1},
		{"not in sync yet", unsynced, at("b", 7), nil, Unsettled, "a", 5},
		{"loading", Info{Role: "slave", MasterHost: "b", LinkUp: true, Loading: true}, at("b", 7), nil, Unsettled, "a", 5},
		{"no majority", master, at("a", 6)[:1], nil, Unsettled, "a", 5},
		{"another is named", master, at("b", 6), nil, Unsettled, "a", 5},
		{"a master that the Sentinels forgot", master, at("b", 0), nil, Forgotten, "a", 5},
		{"the last master, all follow", unsynced, at("c", 0), follow, LastMaster, "a", 5},
		{"the last master, one follows another", unsynced, at("c", 0), append(follow, replica("c", 0, 1), Peer{Reach: Answered, Info: Info{Role: "slave", MasterHost: "c"}}), Forgotten, "a", 5},
		{"the last master, one is silent", unsynced, at("c", 0), append(follow, silent("c", Refused)), Forgotten, "a", 5},
	} {
		if standing, record := was.Compare("a", row.info, row.views, 3, row.peers); standing != row.standing || record.Master != row.master || record.Epoch != row.epoch {
			t.Errorf("%s: got %s %+v", row.name, standing, record)
		}
	}
}
