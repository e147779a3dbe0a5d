package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Environment is where this process runs. Its defaults are those of the container; the integration tests vary them to run many
// nodes on one machine.
type Environment struct {
	Address   string // NODE_ADDRESS: own address on the Redis (or Sentinel) network; required
	Loopback  string // LOOPBACK_ADDRESS: second address to listen on, for health checks; default 127.0.0.1, "none" for none
	ConfigDir string // CONFIG_DIR: default /config, read-only
	DataDir   string // DATA_DIR: default /data
	RunDir    string // RUN_DIR: default /run/redis, created when missing
	Module    string // LEASE_MODULE: default where the image has it
}

// LoadEnvironment reads the environment and reports every problem at once.
func LoadEnvironment(lookup func(string) (string, bool)) (Environment, error) {
	get := func(name, fallback string) string {
		if value, ok := lookup(name); ok && value != "" {
			return value
		}
		return fallback
	}
	env := Environment{
		Address:   get("NODE_ADDRESS", ""),
		Loopback:  get("LOOPBACK_ADDRESS", "127.0.0.1"),
		ConfigDir: get("CONFIG_DIR", "/config"),
		DataDir:   get("DATA_DIR", "/data"),
		RunDir:    get("RUN_DIR", "/run/redis"),
		Module:    get("LEASE_MODULE", "/usr/lib/redis/modules/rplease.so"),
	}
	if env.Loopback == "none" {
		env.Loopback = ""
	}
	var problems []error
	if !isAddress(env.Address) {
		problems = append(problems, fmt.Errorf("NODE_ADDRESS is %q: it must be this container's IP address on its Redis or Sentinel network, e.g. 10.0.0.2", env.Address))
	}
	if env.Loopback != "" && !isAddress(env.Loopback) {
		problems = append(problems, fmt.Errorf("LOOPBACK_ADDRESS is %q: it must be an IP address, or \"none\"", env.Loopback))
	}
	return env, errors.Join(problems...)
}

// Local is the address by which this container reaches its own server.
func (e Environment) Local() string {
	if e.Loopback != "" {
		return e.Loopback
	}
	return e.Address
}

// Bind lists the addresses to listen on, as redis.conf's `bind` takes them.
func (e Environment) Bind() string {
	return strings.TrimSpace(e.Address + " " + e.Loopback)
}

// Credentials name an ACL user and the file that holds its password.
type Credentials struct {
	Username     string `json:"username"`
	PasswordFile string `json:"passwordFile"`
}

// Login is a user with its password. It never prints the password.
type Login struct {
	Username, password string
}

// String keeps passwords out of logs and errors.
func (l Login) String() string { return l.Username }

// GoString keeps passwords out of %#v.
func (l Login) GoString() string { return l.Username }

// Read returns the login; the password file may end in white space.
func (c Credentials) Read() (Login, error) {
	text, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return Login{}, fmt.Errorf("password of user %q: %w", c.Username, err)
	}
	password := strings.TrimSpace(string(text))
	if password == "" {
		return Login{}, fmt.Errorf("password of user %q: %s is empty", c.Username, c.PasswordFile)
	}
	return Login{c.Username, password}, nil
}

// Topology is the content of node.json and sentinel.json: who takes part.
type Topology struct {
	MasterName     string      `json:"masterName"`     // what the Sentinels call the master
	DeclaredMaster string      `json:"declaredMaster"` // address of the first master
	Port           int         `json:"port"`           // of this server: Redis in node.json, Sentinel in sentinel.json
	Nodes          []string    `json:"nodes"`          // addresses of all Redis nodes, 1 to 17, oneself included
	Sentinels      []string    `json:"sentinels"`      // address:port of all Sentinels, 1 to 9
	RedisUser      Credentials `json:"redisUser"`      // on the Redis nodes; not used by a Sentinel
	SentinelUser   Credentials `json:"sentinelUser"`   // on the Sentinels
	Fencing        Fencing     `json:"fencing"`        // of a node; not used by a Sentinel
}

// Fencing is how a master is kept from confirming what a failover would throw away.
type Fencing string

// The ways of fencing. Nothing said means off.
const (
	FencingLease Fencing = "lease" // it confirms only under a lease, see keeper.go
	FencingOff   Fencing = "off"
)

// fewestSentinels: with two, the death of one already leaves no majority.
const fewestSentinels = 3

// LoadTopology reads node.json or sentinel.json and reports every problem at once.
func LoadTopology(env Environment, file string) (Topology, error) {
	var t Topology
	path := filepath.Join(env.ConfigDir, file)
	content, err := os.ReadFile(path)
	if err != nil {
		return t, err
	}
	decoder := json.NewDecoder(strings.NewReader(string(content)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&t); err != nil {
		return t, fmt.Errorf("%s: %w", path, err)
	}
	if err := errors.Join(t.problems()...); err != nil {
		return t, fmt.Errorf("%s:\n%w", path, err)
	}
	return t, nil
}

func (t Topology) problems() []error {
	var found []error
	problem := func(format string, args ...any) { found = append(found, fmt.Errorf(format, args...)) }
	if !isName(t.MasterName) {
		problem("masterName is %q: it must be 1 to 64 letters, digits, '.', '-' or '_'", t.MasterName)
	}
	if t.Port < 1 || t.Port > 65535 {
		problem("port is %d: it must be from 1 to 65535", t.Port)
	}
	if len(t.Nodes) < 1 || len(t.Nodes) > 17 {
		problem("nodes has %d entries: there must be 1 to 17 (a master and 0 to 16 replicas)", len(t.Nodes))
	}
	for i, node := range t.Nodes {
		if !isAddress(node) {
			problem("nodes[%d] is %q: it must be an IP address", i, node)
		}
		if contains(t.Nodes[:i], node) {
			problem("nodes[%d] repeats %s", i, node)
		}
	}
	if !contains(t.Nodes, t.DeclaredMaster) {
		problem("declaredMaster is %q: it must be one of nodes %v", t.DeclaredMaster, t.Nodes)
	}
	if len(t.Sentinels) < 1 || len(t.Sentinels) > 9 {
		problem("sentinels has %d entries: there must be 1 to 9", len(t.Sentinels))
	}
	for i, sentinel := range t.Sentinels {
		if _, _, err := splitEndpoint(sentinel); err != nil {
			problem("sentinels[%d] is %q: it must be address:port", i, sentinel)
		}
		if contains(t.Sentinels[:i], sentinel) {
			problem("sentinels[%d] repeats %s", i, sentinel)
		}
	}
	switch t.Fencing {
	case "", FencingOff:
	case FencingLease:
		if len(t.Sentinels) < fewestSentinels || len(t.Nodes) < 2 {
			problem("fencing is %q with %d Sentinels and %d replicas: it needs at least %d and 1; use %q", t.Fencing, len(t.Sentinels), len(t.Nodes)-1, fewestSentinels, FencingOff)
		}
	default:
		problem("fencing is %q: it must be %q or %q", t.Fencing, FencingLease, FencingOff)
	}
	return found
}

// Peers are all nodes but oneself.
func (t Topology) Peers(self string) []string {
	var peers []string
	for _, node := range t.Nodes {
		if node != self {
			peers = append(peers, node)
		}
	}
	return peers
}

func (t Topology) endpoint(address string) string {
	return net.JoinHostPort(address, strconv.Itoa(t.Port))
}

func splitEndpoint(endpoint string) (address string, port int, err error) {
	parsed, err := netip.ParseAddrPort(endpoint)
	if err != nil || parsed.Port() == 0 {
		return "", 0, fmt.Errorf("%q is not address:port", endpoint)
	}
	return parsed.Addr().String(), int(parsed.Port()), nil
}

// isAddress says whether the text is an IP address in its usual spelling, so that equal addresses are equal strings.
func isAddress(text string) bool {
	address, err := netip.ParseAddr(text)
	return err == nil && address.Zone() == "" && address.String() == text
}

func isName(text string) bool {
	for _, r := range text {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_", r) {
			return false
		}
	}
	return len(text) >= 1 && len(text) <= 64
}

func contains(list []string, item string) bool {
	for _, one := range list {
		if one == item {
			return true
		}
	}
	return false
}
