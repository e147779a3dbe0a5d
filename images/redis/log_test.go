package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestALogLineHasTheNamesOfTheCommonSchema(t *testing.T) {
	var out bytes.Buffer
	newLogger(&out).Warn("asked for a failover", logAction, actionFailover, "redis.sentinel", "", logError, "refused", "redis.keys", 0)
	at, rest, _ := strings.Cut(strings.TrimPrefix(out.String(), `{"@timestamp":"`), `"`)
	want := `,"log.level":"warn","message":"asked for a failover","event.action":"failover-requested","error.message":"refused","redis.keys":0}` + "\n"
	if rest != want || !strings.HasSuffix(at, "Z") {
		t.Errorf("got  %s\nwant %s", out.String(), want)
	}
}

func TestADecisionSaysWhichRoleAndMaster(t *testing.T) {
	rows := []struct {
		decision     Decision
		role, master string
	}{
		{Decision{Action: StartAsMaster}, "master", "a"},
		{Decision{Action: StartAsReplica, Master: "b"}, "replica", "b"},
		{Decision{Action: Wait}, "", ""},
	}
	for _, row := range rows {
		if role, master := roleToBe(row.decision), masterToBe("a", row.decision); role != row.role || master != row.master {
			t.Errorf("%s: got %q of %q", row.decision.Action, role, master)
		}
	}
}

// wantRoleInLog waits until a node other than `before` has logged that it is the master now.
func (c *cluster) wantRoleInLog(t *testing.T, before *container) {
	t.Helper()
	eventually(t, 5*time.Second, func() error {
		for _, one := range c.nodes {
			changes := events(t, one.log.String(), actionRole)
			if one == before || len(changes) == 0 {
				continue
			}
			if last := changes[len(changes)-1]; last[logRole] == "master" && last[logMaster] == one.address {
				return nil
			}
		}
		return errors.New("no node logged that it is the master")
	})
}

// events are the log lines of a node with this event.action.
func events(t *testing.T, log, action string) []map[string]any {
	t.Helper()
	var found []map[string]any
	for _, text := range strings.Split(log, "\n") {
		var line map[string]any
		if json.Unmarshal([]byte(text), &line) == nil && line[logAction] == action {
			found = append(found, line)
		}
	}
	return found
}
