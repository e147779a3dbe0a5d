package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var testTopology = Topology{
	MasterName: "platform", DeclaredMaster: "10.0.0.2", Port: 26379,
	Nodes:     []string{"10.0.0.2", "10.0.0.3", "10.0.0.4"},
	Sentinels: []string{"10.0.1.2:26379", "10.0.1.3:26379", "10.0.1.4:26379"},
}

var testEnvironment = Environment{Address: "10.0.1.2", Loopback: "127.0.0.1", ConfigDir: "/config", DataDir: "/data", RunDir: "/run/redis"}

const declaredSentinel = `sentinel monitor platform 10.0.0.2 6379 2
sentinel down-after-milliseconds platform 1500
aclfile /config/sentinel-users.acl
`

const id1, id2 = "0123456789abcdef0123456789abcdef01234567", "89abcdef0123456789abcdef0123456789abcdef"

// leftBehind is what Sentinel writes, with old options and things that have no place there.
const leftBehind = `port 26379
sentinel myid ` + id1 + `
sentinel monitor platform 10.0.0.3 6379 1
sentinel down-after-milliseconds platform 99999
sentinel auth-pass platform old-password
sentinel current-epoch 7
sentinel config-epoch platform 6
sentinel leader-epoch platform 7
sentinel known-replica platform 10.0.0.2 6379
sentinel known-replica platform 10.9.9.9 6379
sentinel known-sentinel platform 10.0.1.3 26379 ` + id2 + `
sentinel known-sentinel platform 10.0.1.9 26379 ` + id2 + `
sentinel notification-script platform /tmp/evil
`

func parseMemory(t *testing.T, text string, topology Topology) (SentinelMemory, []string) {
	t.Helper()
	memory, dropped, err := ParseSentinelMemory(text, testEnvironment, topology)
	if err != nil {
		t.Fatal(err)
	}
	return memory, dropped
}

func TestSentinelRemembersItsMasterAndTakesTheDeclaredOptions(t *testing.T) {
	memory, dropped := parseMemory(t, leftBehind, testTopology)
	text, err := RenderSentinelConf(testEnvironment, testTopology, declaredSentinel, "sentinel auth-pass platform new-password\n", memory)
	if err != nil {
		t.Fatal(err)
	}
	want := `# members {"masterName":"platform","nodes":["10.0.0.2","10.0.0.3","10.0.0.4"],"sentinels":["10.0.1.2:26379","10.0.1.3:26379","10.0.1.4:26379"]}
sentinel monitor platform 10.0.0.3 6379 2
sentinel down-after-milliseconds platform 1500
aclfile /config/sentinel-users.acl
sentinel auth-pass platform new-password
port 26379
bind 10.0.1.2 127.0.0.1
sentinel announce-ip 10.0.1.2
sentinel announce-port 26379
sentinel myid ` + id1 + `
sentinel current-epoch 7
sentinel known-replica platform 10.0.0.2 6379
sentinel known-replica platform 10.0.0.4 6379
sentinel config-epoch platform 6
sentinel leader-epoch platform 7
sentinel known-sentinel platform 10.0.1.3 26379 ` + id2 + `
`
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if len(dropped) != 1 {
		t.Errorf("dropped %q: want the unknown Sentinel", dropped)
	}
	// Sentinel's own rewriting and ours must not drift apart: what was rendered is read back as the same memory.
	again, dropped := parseMemory(t, text, testTopology)
	if rendered, _ := RenderSentinelConf(testEnvironment, testTopology, declaredSentinel, "sentinel auth-pass platform new-password\n", again); rendered != text || len(dropped) != 0 {
		t.Errorf("a second start gives\n%s\n(dropped %q)", rendered, dropped)
	}
}

func TestNothingInASentinelsFileBecomesAnOption(t *testing.T) {
	for _, line := range []string{
		"sentinel myid " + id1 + " extra",
		"sentinel myid ../../../etc",
		"sentinel current-epoch -1",
		"sentinel current-epoch 1 2",
		"sentinel current-epoch 99999999999999999999",
		"sentinel monitor other 10.0.0.3 6379 1",
		"sentinel monitor platform 10.0.0.3 6379 1 # x",
		"sentinel known-sentinel platform 10.0.1.3 26379 not-an-id",
		"sentinel known-sentinel platform 10.0.1.2 26379 " + id2, // oneself
		"sentinel known-sentinel platform 10.0.1.3 1 " + id2,
		"sentinel config-epoch platform x",
	} {
		memory, dropped, err := ParseSentinelMemory("sentinel monitor platform 10.0.0.3 6379 2\n"+line+"\n", testEnvironment, testTopology)
		if err != nil || len(dropped) != 1 {
			t.Errorf("%q was not refused: %+v", line, memory)
		}
	}
}

func TestSentinelNeedsItsMonitorLine(t *testing.T) {
	if _, err := RenderSentinelConf(testEnvironment, testTopology, "port 26379\n", "", SentinelMemory{}); err == nil || !strings.Contains(err.Error(), "sentinel monitor platform") {
		t.Errorf("got %v", err)
	}
}

func TestNodeConf(t *testing.T) {
	env := Environment{Address: "10.0.0.3", Loopback: "127.0.0.1", ConfigDir: "/config"}
	topology := testTopology
	topology.Port = 6379
	text := RenderNodeConf(env, topology, Plan{Decision: Decision{Master: "10.0.0.2"}})
	for _, line := range []string{"include /config/redis.conf", "bind 10.0.0.3 127.0.0.1", "replica-announce-ip 10.0.0.3", "replica-priority 0", "replicaof 10.0.0.2 6379"} {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("%q is missing in\n%s", line, text)
		}
	}
	if strings.Contains(RenderNodeConf(env, topology, Plan{}), "replicaof") {
		t.Error("a master follows somebody")
	}
}

func TestANodeLoadsTheModuleOnlyWhereItIsFenced(t *testing.T) {
	env := Environment{Address: "10.0.0.3", ConfigDir: "/config", Module: filepath.Join(t.TempDir(), "rplease.so")}
	topology := testTopology
	for _, fencing := range []Fencing{"", FencingOff} {
		topology.Fencing = fencing
		if text := RenderNodeConf(env, topology, Plan{}); strings.Contains(text, "loadmodule") || checkModule(env, topology) != nil {
			t.Errorf("fencing %q loads it", fencing)
		}
	}
	topology.Fencing = FencingLease
	err := checkModule(env, topology)
	for _, part := range []string{"has no Redis module " + env.Module, "images/redis", `fencing "off"`} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing in: %v", part, err)
		}
	}
	if err := os.WriteFile(env.Module, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	// Redis' other threads would go past the module.
	if text := RenderNodeConf(env, topology, Plan{}); checkModule(env, topology) != nil || !strings.Contains(text, "\nloadmodule "+env.Module+"\nio-threads 1\n") {
		t.Errorf("got\n%s", text)
	}
}

func TestALeaseNeedsSentinelsAndAReplica(t *testing.T) {
	rows := []struct {
		fencing          Fencing
		nodes, sentinels int
		problem          string
	}{
		{"", 1, 1, ""},
		{FencingOff, 1, 1, ""},
		{FencingLease, 2, 3, ""},
		{FencingLease, 1, 3, "3 Sentinels and 0 replicas"},
		{FencingLease, 3, 2, "2 Sentinels and 2 replicas"},
		{"on", 3, 3, `must be "lease" or "off"`},
	}
	for _, row := range rows {
		topology := testTopology
		topology.Fencing, topology.Nodes, topology.Sentinels = row.fencing, testTopology.Nodes[:row.nodes], testTopology.Sentinels[:row.sentinels]
		problem := ""
		if found := topology.problems(); len(found) > 0 {
			problem = found[0].Error()
		}
		if (problem == "") != (row.problem == "") || !strings.Contains(problem, row.problem) {
			t.Errorf("%q with %d nodes and %d Sentinels: %q", row.fencing, row.nodes, row.sentinels, problem)
		}
	}
}

func TestAFileIsReplacedWholeAndPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.conf")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(path, "new"); err != nil {
		t.Fatal(err)
	}
	status, err := os.Stat(path)
	if content, _ := os.ReadFile(path); err != nil || string(content) != "new" || status.Mode().Perm() != 0o600 {
		t.Errorf("%q, %v, %v", content, status.Mode(), err)
	}
}

func TestInfo(t *testing.T) {
	replica, err := ParseInfo("# Replication\r\nrole:slave\r\nmaster_host:10.0.0.2\r\nmaster_link_status:down\r\n" +
		"slave_repl_offset:120\r\nslave_priority:100\r\nmaster_replid:abc\r\nloading:1\r\nasync_loading:0\r\ndb0:keys=3,expires=0,avg_ttl=0\r\ndb7:keys=4,expires=1\r\n")
	want := Info{Role: "slave", Priority: 100, MasterHost: "10.0.0.2", Offset: 120, ReplicationID: "abc", Loading: true, Keys: 7}
	if err != nil || replica != want {
		t.Errorf("got %+v, %v", replica, err)
	}
	master, err := ParseInfo("role:master\r\nslave0:ip=10.0.0.3,port=6379,state=online,offset=5,lag=0\r\nslave1:ip=10.0.0.4,port=6379,state=wait_bgsave,offset=0,lag=0\r\n" +
		"master_replid:abc\r\nmaster_repl_offset:9\r\n")
	if want := (Info{Role: "master", ReplicasOnline: 1, Offset: 9, ReplicationID: "abc"}); err != nil || master != want {
		t.Errorf("got %+v, %v", master, err)
	}
	for _, text := range []string{"", "role:slave\nmaster_replid:x\n", "role:sentinel\nmaster_replid:x\n", "role:master\nmaster_repl_offset:1\n",
		"role:master\nmaster_replid:x\nmaster_repl_offset:many\n", "role:master\nmaster_replid:x\nmaster_repl_offset:1\ndb0:expires=3\n"} {
		if info, err := ParseInfo(text); err == nil {
			t.Errorf("%q was taken as %+v", text, info)
		}
	}
}

func TestHasData(t *testing.T) {
	emptySnapshot := "REDIS0012\xfa\x09redis-ver\x058.0.2\xfa\x0aredis-bits\xc0\x40\xfa\x05ctime\xc2\x01\x02\x03\x04\xff12345678"
	rows := []struct {
		name  string
		files map[string]string
		want  bool
	}{
		{"nothing", nil, false},
		{"an empty append-only file", map[string]string{"appendonlydir/appendonly.aof.1.base.rdb": emptySnapshot, "appendonlydir/appendonly.aof.1.incr.aof": "", "appendonlydir/appendonly.aof.manifest": "x"}, false},
		{"a written append-only file", map[string]string{"appendonlydir/appendonly.aof.1.base.rdb": emptySnapshot, "appendonlydir/appendonly.aof.1.incr.aof": "*2"}, true},
		{"an empty snapshot", map[string]string{"dump.rdb": emptySnapshot}, false},
		{"a snapshot", map[string]string{"dump.rdb": strings.Replace(emptySnapshot, "\xff", "\xfe\x00\xfb", 1)}, true},
		{"a damaged snapshot may hold keys", map[string]string{"dump.rdb": "REDIS0012\xfa\x09re"}, true},
		{"no snapshot at all may hold keys", map[string]string{"dump.rdb": "something"}, true},
		{"an unfinished download does not count", map[string]string{"temp-12.rdb": "REDIS0012\xfe"}, false},
	}
	for _, row := range rows {
		dir := t.TempDir()
		for name, content := range row.files {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := HasData(dir); err != nil || got != row.want {
			t.Errorf("%s: got %t, %v", row.name, got, err)
		}
	}
}

func TestBadConfigurationIsReportedWhole(t *testing.T) {
	env := Environment{ConfigDir: t.TempDir()}
	text := `{"masterName":"a b","declaredMaster":"10.0.0.9","port":0,"nodes":["10.0.0.2","10.0.0.2","host"],"sentinels":["10.0.1.2"]}`
	if err := os.WriteFile(filepath.Join(env.ConfigDir, "node.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := LoadTopology(env, "node.json")
	for _, part := range []string{"masterName", "port is 0", "declaredMaster", "nodes[1] repeats", `nodes[2] is "host"`, "sentinels[0]"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing in: %v", part, err)
		}
	}
}

func TestAPasswordIsNeverPrinted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("hidden\n"), 0o400); err != nil {
		t.Fatal(err)
	}
	login, err := Credentials{"node", path}.Read()
	if err != nil || login.password != "hidden" || login.String() != "node" || login.GoString() != "node" {
		t.Errorf("%v %v", login, err)
	}
}

func TestASentinelKnowsAllReplicasFromTheStart(t *testing.T) {
	text, err := RenderSentinelConf(testEnvironment, testTopology, declaredSentinel, "", SentinelMemory{})
	if err != nil {
		t.Fatal(err)
	}
	for _, replica := range []string{"10.0.0.3", "10.0.0.4"} {
		if !strings.Contains(text, "sentinel known-replica platform "+replica+" 6379\n") {
			t.Errorf("%s is missing:\n%s", replica, text)
		}
	}
	if strings.Contains(text, "known-replica platform 10.0.0.2") {
		t.Errorf("the master is listed as its own replica:\n%s", text)
	}
}
