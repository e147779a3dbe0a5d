package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A cluster of real servers on 127.0.0.x: three nodes and three Sentinels, each the test binary itself run as redis-node, and
// each started again when it fails, as the engine's restart policy does.

const (
	nodePort     = 16379
	sentinelPort = 16380
	masterName   = "platform"
)

var users = map[string]string{ // name: password; the rights are in writeConfig
	"node": "node-secret", "replication": "replication-secret", "sentinel": "sentinel-secret", "admin": "admin-secret",
	"peer": "peer-secret", "app": "app-secret",
}

// TestMain lets the test binary stand in for redis-node, so that the race detector watches the supervisor too.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_AS_REDIS_NODE") != "" {
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

type cluster struct {
	t         *testing.T
	dir       string
	nodes     []*container
	sentinels []*container
	admins    map[string]*redis.Client
}

// container is a supervised process with a restart policy.
type container struct {
	address string
	role    string // node or sentinel
	dir     string
	log     *logBuffer

	mutex   sync.Mutex
	process *exec.Cmd
	wanted  bool
	ended   chan struct{}
}

type logBuffer struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

func newCluster(t *testing.T, nodes, sentinels int) *cluster {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not installed: run the image's test stage")
	}
	c := &cluster{t: t, dir: t.TempDir(), admins: map[string]*redis.Client{}}
	topology := Topology{MasterName: masterName, DeclaredMaster: "127.0.0.2"}
	for i := range nodes {
		topology.Nodes = append(topology.Nodes, fmt.Sprintf("127.0.0.%d", 2+i))
	}
	for i := range sentinels {
		topology.Sentinels = append(topology.Sentinels, fmt.Sprintf("127.0.1.%d:%d", 2+i, sentinelPort))
	}
	for name, password := range users {
		c.write(filepath.Join(c.dir, "secrets", name), password)
	}
	topology.RedisUser = Credentials{"node", filepath.Join(c.dir, "secrets", "node")}
	topology.SentinelUser = topology.RedisUser
	for _, address := range topology.Nodes {
		c.nodes = append(c.nodes, c.newContainer("node", address, topology))
		c.admins[address] = newClient(address+":"+strconv.Itoa(nodePort), Login{"admin", users["admin"]})
	}
	for _, endpoint := range topology.Sentinels {
		address, _, _ := splitEndpoint(endpoint)
		c.sentinels = append(c.sentinels, c.newContainer("sentinel", address, topology))
	}
	t.Cleanup(func() {
		for _, one := range append(c.nodes, c.sentinels...) {
			one.kill()
		}
		for _, client := range c.admins {
			client.Close()
		}
		if t.Failed() {
			for _, one := range append(c.nodes, c.sentinels...) {
				t.Logf("---- %s %s\n%s", one.role, one.address, lastLines(one.log.String(), 60))
			}
		}
	})
	return c
}

func (c *cluster) newContainer(role, address string, topology Topology) *container {
	one := &container{role: role, address: address, dir: filepath.Join(c.dir, role+"-"+address), log: &logBuffer{}}
	config := filepath.Join(one.dir, "config")
	topology.Port = nodePort
	if role == "sentinel" {
		topology.Port = sentinelPort
	}
	text, err := json.Marshal(topology)
	if err != nil {
		c.t.Fatal(err)
	}
	c.write(filepath.Join(config, role+".json"), string(text))
	if err := os.MkdirAll(filepath.Join(one.dir, "data"), 0o700); err != nil {
		c.t.Fatal(err)
	}
	if role == "node" {
		c.write(filepath.Join(config, "redis.conf"), fmt.Sprintf(`dir %s/data
aclfile %s/users.acl
appendonly yes
appendfsync everysec
save 900 1
min-replicas-to-write 1
min-replicas-max-lag 3
repl-diskless-sync-delay 0
include %s/redis-secrets.conf
`, one.dir, config, config))
		c.write(filepath.Join(config, "redis-secrets.conf"), "masteruser replication\nmasterauth "+users["replication"]+"\n")
		c.write(filepath.Join(config, "users.acl"), acl(
			"node resetchannels -@all +ping +info +config|set",
			"admin ~* &* +@all",
			"replication resetchannels -@all +psync +replconf +ping",
			"sentinel resetchannels &__sentinel__:hello -@all +ping +info +multi +exec +slaveof +config|rewrite +role +publish +subscribe +client|setname +client|kill +script|kill",
			"app ~* &* -@all +@all -@admin -@dangerous +info +wait",
		))
		return one
	}
	c.write(filepath.Join(config, "sentinel.conf"), fmt.Sprintf(`sentinel monitor %s %s %d %d
sentinel down-after-milliseconds %s 1500
sentinel failover-timeout %s 10000
sentinel parallel-syncs %s 2
sentinel resolve-hostnames no
aclfile %s/sentinel-users.acl
`, masterName, topology.DeclaredMaster, nodePort, len(topology.Sentinels)/2+1, masterName, masterName, masterName, config))
	c.write(filepath.Join(config, "sentinel-secrets.conf"), fmt.Sprintf("sentinel auth-user %s sentinel\nsentinel auth-pass %s %s\nsentinel sentinel-user peer\nsentinel sentinel-pass %s\n",
		masterName, masterName, users["sentinel"], users["peer"]))
	c.write(filepath.Join(config, "sentinel-users.acl"), acl(
		"peer resetchannels &__sentinel__:hello -@all +ping +publish +client|setname +sentinel|is-master-down-by-addr",
		"node resetchannels -@all +ping +sentinel|master +sentinel|get-master-addr-by-name +sentinel|failover",
		"admin ~* &* +@all",
	))
	return one
}

// acl writes an ACL file in which each user has its password's hash and the given rights.
func acl(rules ...string) string {
	// Nobody can log in as it, but Redis 8.0 replays the append-only file with its rights.
	text := "user default off resetpass ~* &* +@all\n"
	for _, rule := range rules {
		name, rights, _ := strings.Cut(rule, " ")
		text += fmt.Sprintf("user %s on #%x %s\n", name, sha256.Sum256([]byte(users[name])), rights)
	}
	return text
}

func (c *cluster) write(path, text string) {
	c.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// start runs the container until stop or kill; a failed process is started again after 0.2 s, about what an engine takes.
func (one *container) start() {
	one.mutex.Lock()
	defer one.mutex.Unlock()
	one.wanted = true
	ended := make(chan struct{})
	one.ended = ended
	one.spawn()
	go func() {
		defer close(ended)
		for {
			one.mutex.Lock()
			process := one.process
			one.mutex.Unlock()
			err := process.Wait()
			time.Sleep(200 * time.Millisecond)
			one.mutex.Lock()
			again := one.wanted && err != nil
			if again {
				one.spawn()
			}
			one.mutex.Unlock()
			if !again {
				return
			}
		}
	}()
}

// command is `docker exec <container> redis-node ...`.
func (one *container) command(args ...string) (string, error) {
	process := exec.Command("/proc/self/exe", args...)
	process.Env = one.environment()
	output, err := process.CombinedOutput()
	return string(output), err
}

func (one *container) environment() []string {
	return append(os.Environ(), "RUN_AS_REDIS_NODE=1", "NODE_ADDRESS="+one.address, "LOOPBACK_ADDRESS=none",
		"CONFIG_DIR="+filepath.Join(one.dir, "config"), "DATA_DIR="+filepath.Join(one.dir, "data"), "RUN_DIR="+filepath.Join(one.dir, "run"))
}

func (one *container) spawn() {
	process := exec.Command("/proc/self/exe", one.role)
	process.Env = one.environment()
	process.Stdout, process.Stderr = one.log, one.log
	process.WaitDelay = time.Second
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its death is to take redis-server along, as PID 1's does
	if err := process.Start(); err != nil {
		panic(err)
	}
	one.process = process
}

func (one *container) pid() int {
	one.mutex.Lock()
	defer one.mutex.Unlock()
	return one.process.Process.Pid
}

// crash kills supervisor and server; the restart policy stays.
func (one *container) crash() { _ = syscall.Kill(-one.pid(), syscall.SIGKILL) }

func (one *container) unwant() {
	one.mutex.Lock()
	defer one.mutex.Unlock()
	one.wanted = false
}

// kill ends the container for good (until start).
func (one *container) kill() {
	if one.ended == nil {
		return
	}
	one.unwant()
	one.crash()
	<-one.ended
}

// stop is `docker stop`: SIGTERM to the supervisor alone, and SIGKILL to all after 15 s. It returns how long it took.
func (one *container) stop() time.Duration {
	begin := time.Now()
	select {
	case <-one.ended:
		return 0 // not running
	default:
	}
	one.unwant()
	_ = syscall.Kill(one.pid(), syscall.SIGTERM)
	select {
	case <-one.ended:
	case <-time.After(15 * time.Second):
		_ = syscall.Kill(one.pid(), syscall.SIGQUIT) // says in the log where it hangs
		time.Sleep(time.Second)
		one.crash()
		<-one.ended
	}
	return time.Since(begin) - 200*time.Millisecond
}

// signalServer signals redis-server alone.
func (one *container) signalServer(t *testing.T, signal syscall.Signal) {
	t.Helper()
	pid := one.pid()
	entries, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		stat, err := os.ReadFile(entry)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if fields[1] == strconv.Itoa(pid) {
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
			if err := syscall.Kill(child, signal); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("%s has no redis-server", one.address)
}

func (c *cluster) startAll() {
	for _, one := range append(c.sentinels, c.nodes...) {
		one.start()
	}
}

func (c *cluster) node(address string) *container {
	for _, one := range c.nodes {
		if one.address == address {
			return one
		}
	}
	c.t.Fatalf("no node %s", address)
	return nil
}

// master is the address that most Sentinels name.
func (c *cluster) master() string {
	votes := map[string]int{}
	for _, one := range c.sentinels {
		for _, name := range c.sentinelNames(one) {
			if votes[name]++; votes[name] > len(c.sentinels)/2 {
				return name
			}
		}
	}
	return ""
}

func (c *cluster) sentinelNames(one *container) []string {
	client := redis.NewSentinelClient(sentinelOptions(one.address))
	defer client.Close()
	answer, err := client.GetMasterAddrByName(context.Background(), masterName).Result()
	if err != nil {
		return nil
	}
	return answer[:1]
}

func sentinelOptions(address string) *redis.Options {
	options := *newClient(address+":"+strconv.Itoa(sentinelPort), Login{"admin", users["admin"]}).Options()
	return &options
}

// ready waits until every Sentinel knows every replica as electable: from then on a failover can work.
func (c *cluster) ready() {
	c.t.Helper()
	eventually(c.t, 40*time.Second, func() error {
		for _, one := range c.sentinels {
			client := redis.NewSentinelClient(sentinelOptions(one.address))
			replicas, err := client.Replicas(context.Background(), masterName).Result()
			client.Close()
			if err != nil {
				return err
			}
			good := 0
			for _, replica := range replicas {
				if replica["slave-priority"] == "100" && replica["master-link-status"] == "ok" && replica["flags"] == "slave" {
					good++
				}
			}
			if good != len(c.nodes)-1 {
				return fmt.Errorf("Sentinel %s sees %d electable replicas", one.address, good)
			}
		}
		return nil
	})
}

func (c *cluster) info(address string) (Info, error) {
	return askInfo(context.Background(), c.admins[address])
}

// eventually polls, and reports the last real error.
func eventually(t *testing.T, within time.Duration, attempt func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := attempt()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %v", within, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func lastLines(text string, count int) string {
	lines := strings.Split(text, "\n")
	if len(lines) > count {
		lines = lines[len(lines)-count:]
	}
	return strings.Join(lines, "\n")
}
