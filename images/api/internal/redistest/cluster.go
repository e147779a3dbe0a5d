package redistest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// What clients of a Cluster need. The rights are the platform's, so a command that they refuse fails here too.
const (
	MasterName       = "main"
	Username         = "app"
	Password         = "app-password"
	SentinelPassword = "sentinel-password"

	nodeUser = "user app on >" + Password + " ~* &* -@all +@all -@admin -@dangerous +info +wait\n"
	// The default user stays open for replication and for the tests' own questions.
	sentinelUser = "user app on >" + SentinelPassword + " resetchannels &+switch-master &+replica-reconf-done -@all +ping +hello +auth" +
		" +client|setname +subscribe +sentinel|get-master-addr-by-name +sentinel|sentinels +sentinel|replicas +sentinel|slaves\n"
)

// Cluster is a master, its replicas and their Sentinels. Nodes[0] is the first master.
type Cluster struct {
	Nodes     []*Process
	Sentinels []*Process
	t         testing.TB
}

// Start starts a cluster and waits until the Sentinels know it whole. extra goes into each node's configuration.
func Start(t testing.TB, nodes, sentinels int, extra string) *Cluster {
	t.Helper()
	ports := freePorts(t, nodes+sentinels)
	cluster := &Cluster{t: t}
	for i, port := range ports[:nodes] {
		configuration := "save \"\"\nappendonly yes\nrepl-diskless-sync-delay 0\n" + nodeUser + extra
		if i > 0 {
			configuration += fmt.Sprintf("\nreplicaof 127.0.0.1 %d\n", ports[0])
		}
		node := newProcess(t, port, configuration)
		node.Start()
		cluster.Nodes = append(cluster.Nodes, node)
	}
	for _, port := range ports[nodes:] {
		sentinel := newProcess(t, port, sentinelUser+fmt.Sprintf(
			"sentinel monitor %[1]s 127.0.0.1 %[2]d %[3]d\nsentinel down-after-milliseconds %[1]s 1500\nsentinel failover-timeout %[1]s 10000\n",
			MasterName, ports[0], sentinels/2+1), "--sentinel")
		sentinel.Start()
		cluster.Sentinels = append(cluster.Sentinels, sentinel)
	}
	want := []string{fmt.Sprintf("slaves=%d", nodes-1), fmt.Sprintf("sentinels=%d", sentinels)}
	for _, sentinel := range cluster.Sentinels {
		cluster.eventually(20*time.Second, sentinel.Address+" to know "+strings.Join(want, ","), func(ctx context.Context) bool {
			info := Ask(ctx, sentinel.Address, "INFO", "sentinel")
			return strings.Contains(info, want[0]) && strings.Contains(info, want[1])
		})
	}
	for _, node := range cluster.Nodes[1:] {
		cluster.eventually(20*time.Second, node.Address+" to be in sync", func(ctx context.Context) bool {
			return strings.Contains(Ask(ctx, node.Address, "INFO", "replication"), "master_link_status:up")
		})
	}
	return cluster
}

// SentinelAddresses are all Sentinels' host:port.
func (c *Cluster) SentinelAddresses() []string {
	var addresses []string
	for _, sentinel := range c.Sentinels {
		addresses = append(addresses, sentinel.Address)
	}
	return addresses
}

func (c *Cluster) eventually(within time.Duration, what string, holds func(context.Context) bool) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	for !holds(ctx) {
		if ctx.Err() != nil {
			c.t.Fatalf("waited %s for %s", within, what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Ask sends one command as the default user and returns the answer as text, or "" on any failure.
func Ask(ctx context.Context, address string, command ...any) string {
	client := redis.NewClient(&redis.Options{Addr: address, MaxRetries: -1, DialTimeout: time.Second, ReadTimeout: time.Second})
	defer func() { _ = client.Close() }()
	answer, err := client.Do(ctx, command...).Result()
	if err != nil {
		return ""
	}
	return fmt.Sprint(answer)
}
