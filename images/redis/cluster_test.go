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
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A cluster of real servers on addresses of 127.0.0.0/8: three nodes and three Sentinels, each the test binary itself run as redis-node, and
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
	net       string // first half of its addresses
	topology  Topology
	nodes     []*container
	sentinels []*container
	admins    map[string]*redis.Client
	passwords map[string]string // of the containers that are configured next; clients use those in users
	secrets   string            // folder of their files
}

// container is a supervised process with a restart policy.
type container struct {
	address string
	role    string // node or sentinel
	dir     string
	log     *logBuffer
	data    string   // where it is, if not in dir
	wrapper []string // what starts redis-node, with its arguments; none: nothing does
	starts  int

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

// clusters counts those that were made. Each has addresses of its own, since tests run side by side.
var clusters atomic.Int32

func newCluster(t *testing.T, nodes, sentinels int) *cluster {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not installed: run the image's test stage")
	}
	c := &cluster{t: t, dir: t.TempDir(), net: fmt.Sprintf("127.%d", clusters.Add(1)), admins: map[string]*redis.Client{}}
	c.setPasswords("secrets", users)
	topology := Topology{MasterName: masterName, DeclaredMaster: c.net + ".0.2"}
	for i := range nodes {
		topology.Nodes = append(topology.Nodes, fmt.Sprintf("%s.0.%d", c.net, 2+i))
	}
	for i := range sentinels {
		topology.Sentinels = append(topology.Sentinels, fmt.Sprintf("%s.1.%d:%d", c.net, 2+i, sentinelPort))
	}
	c.declare(topology)
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

// declare makes the containers what the topology says, as a deployment does: the n-th node and the n-th Sentinel keep their data whatever their address
// is. Containers must be stopped for it to take effect; those that are declared no more keep their folders.
func (c *cluster) declare(topology Topology) {
	topology.Fencing = FencingOff
	if len(topology.Nodes) > 1 && len(topology.Sentinels) >= fewestSentinels && os.Getenv("FENCING") != string(FencingOff) {
		topology.Fencing = FencingLease
	}
	c.topology = topology
	var sentinels []string
	for _, endpoint := range topology.Sentinels {
		address, _, _ := splitEndpoint(endpoint)
		sentinels = append(sentinels, address)
	}
	c.nodes = c.containers("node", topology.Nodes, c.nodes)
	c.sentinels = c.containers("sentinel", sentinels, c.sentinels)
	for _, address := range topology.Nodes {
		if c.admins[address] == nil {
			c.admins[address] = newClient(address+":"+strconv.Itoa(nodePort), Login{"admin", users["admin"]})
		}
	}
}

func (c *cluster) containers(role string, addresses []string, before []*container) []*container {
	var now []*container
	for i, address := range addresses {
		one := &container{role: role, dir: filepath.Join(c.dir, fmt.Sprintf("%s-%d", role, i)), log: &logBuffer{}}
		if i < len(before) {
			one = before[i]
		}
		one.address = address
		c.configure(one)
		now = append(now, one)
	}
	return now
}

// setPasswords says what the containers that are configured from now on are given.
func (c *cluster) setPasswords(folder string, passwords map[string]string) {
	c.passwords, c.secrets = passwords, filepath.Join(c.dir, folder)
	for name, password := range passwords {
		c.write(filepath.Join(c.secrets, name), password)
	}
}

func (c *cluster) configure(one *container) {
	role, topology := one.role, c.topology
	topology.RedisUser = Credentials{"node", filepath.Join(c.secrets, "node")}
	topology.SentinelUser = topology.RedisUser
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
	if err := os.MkdirAll(one.dataDir(), 0o700); err != nil {
		c.t.Fatal(err)
	}
	if role == "node" {
		c.write(filepath.Join(config, "redis.conf"), fmt.Sprintf(`dir %s
aclfile %s/users.acl
appendonly yes
appendfsync everysec
save 900 1
min-replicas-to-write %d
min-replicas-max-lag 3
repl-diskless-sync-delay 0
include %s/redis-secrets.conf
`, one.dataDir(), config, min(1, len(topology.Nodes)-1), config))
		c.write(filepath.Join(config, "redis-secrets.conf"), "masteruser replication\nmasterauth "+c.passwords["replication"]+"\n")
		onlyWithModule := ""
		if topology.Fencing == FencingLease {
			onlyWithModule = " +rp.lease +rp.fence +rp.unfence +client|kill"
		}
		c.write(filepath.Join(config, "users.acl"), c.acl(
			"node resetchannels -@all +ping +info +config|set"+onlyWithModule,
			"admin ~* &* +@all",
			"replication resetchannels -@all +psync +replconf +ping",
			"sentinel resetchannels &__sentinel__:hello -@all +ping +info +multi +exec +slaveof +config|rewrite +role +publish +subscribe +client|setname +client|kill +script|kill",
			"app ~* &* -@all +@all -@admin -@dangerous +info +wait",
		))
		return
	}
	c.write(filepath.Join(config, "sentinel.conf"), fmt.Sprintf(`sentinel monitor %s %s %d %d
sentinel down-after-milliseconds %s 1500
sentinel failover-timeout %s 10000
sentinel parallel-syncs %s 2
sentinel resolve-hostnames no
aclfile %s/sentinel-users.acl
`, topology.MasterName, topology.DeclaredMaster, nodePort, len(topology.Sentinels)/2+1, topology.MasterName, topology.MasterName, topology.MasterName, config))
	c.write(filepath.Join(config, "sentinel-secrets.conf"), fmt.Sprintf("sentinel auth-user %s sentinel\nsentinel auth-pass %s %s\nsentinel sentinel-user peer\nsentinel sentinel-pass %s\n",
		topology.MasterName, topology.MasterName, c.passwords["sentinel"], c.passwords["peer"]))
	c.write(filepath.Join(config, "sentinel-users.acl"), c.acl(
		"peer resetchannels &__sentinel__:hello -@all +ping +publish +client|setname +sentinel|is-master-down-by-addr",
		"node resetchannels -@all +ping +sentinel|master +sentinel|get-master-addr-by-name +sentinel|failover",
		"admin ~* &* +@all",
	))
}

// acl writes an ACL file in which each user has its password's hash and the given rights.
func (c *cluster) acl(rules ...string) string {
	// Nobody can log in as it, but Redis 8.0 replays the append-only file with its rights.
	text := "user default off resetpass ~* &* +@all\n"
	for _, rule := range rules {
		name, rights, _ := strings.Cut(rule, " ")
		text += fmt.Sprintf("user %s on #%x %s\n", name, sha256.Sum256([]byte(c.passwords[name])), rights)
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
func (one *container) command(args ...string) (string, error) { return one.told("", args...) }

// told is `docker exec -i` with this on standard input.
func (one *container) told(input string, args ...string) (string, error) {
	process := exec.Command("/proc/self/exe", args...)
	process.Stdin = strings.NewReader(input)
	process.Env = one.environment()
	output, err := process.CombinedOutput()
	return string(output), err
}

func (one *container) environment() []string {
	return append(os.Environ(), "RUN_AS_REDIS_NODE=1", "NODE_ADDRESS="+one.address, "LOOPBACK_ADDRESS=none",
		"CONFIG_DIR="+filepath.Join(one.dir, "config"), "DATA_DIR="+one.dataDir(), "RUN_DIR="+filepath.Join(one.dir, "run"))
}

func (one *container) dataDir() string {
	if one.data != "" {
		return one.data
	}
	return filepath.Join(one.dir, "data")
}

func (one *container) spawn() {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	one.starts++
	command := append(append([]string(nil), one.wrapper...), self, one.role)
	process := exec.Command(command[0], command[1:]...)
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
	answer, err := client.GetMasterAddrByName(context.Background(), c.topology.MasterName).Result()
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
			replicas, err := client.Replicas(context.Background(), c.topology.MasterName).Result()
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
