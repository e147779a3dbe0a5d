package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// How long one question may take. All addresses are on the same engine's bridges.
const (
	dialTimeout   = 500 * time.Millisecond
	answerTimeout = 700 * time.Millisecond
)

// World asks the Redis nodes and the Sentinels.
type World struct {
	topology  Topology
	self      string
	own       *redis.Client // this container's Redis
	nodes     map[string]*redis.Client
	sentinels []*sentinel
}

type sentinel struct {
	endpoint string
	client   *redis.Client
}

// NewWorld reads the passwords and prepares the clients; nothing connects yet.
func NewWorld(env Environment, t Topology) (*World, error) {
	redisLogin, redisErr := t.RedisUser.Read()
	sentinelLogin, sentinelErr := t.SentinelUser.Read()
	if err := errors.Join(redisErr, sentinelErr); err != nil {
		return nil, err
	}
	w := &World{topology: t, self: env.Address, nodes: map[string]*redis.Client{}}
	w.own = newClient(t.endpoint(env.Local()), redisLogin)
	for _, peer := range t.Peers(env.Address) {
		w.nodes[peer] = newClient(t.endpoint(peer), redisLogin)
	}
	for _, endpoint := range t.Sentinels {
		w.sentinels = append(w.sentinels, &sentinel{endpoint, newClient(endpoint, sentinelLogin)})
	}
	return w, nil
}

// newClient sends nothing but what is asked for: the ACLs refuse CLIENT SETINFO and the like.
func newClient(endpoint string, login Login) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr:                     endpoint,
		Username:                 login.Username,
		Password:                 login.password,
		Protocol:                 2,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		MaxRetries:               -1,
		DialerRetries:            1,
		DialTimeout:              dialTimeout,
		ReadTimeout:              answerTimeout,
		WriteTimeout:             answerTimeout,
		PoolSize:                 2,
		ContextTimeoutEnabled:    true,
	})
}

// infoSections are those that ParseInfo needs.
var infoSections = []string{"replication", "persistence", "keyspace"}

func askInfo(ctx context.Context, client *redis.Client) (Info, error) {
	text, err := client.Info(ctx, infoSections...).Result()
	if err != nil {
		return Info{}, err
	}
	return ParseInfo(text)
}

// Own reads this node's INFO.
func (w *World) Own(ctx context.Context) (Info, error) {
	return askInfo(ctx, w.own)
}

// SetOwn changes one setting of this node until its next start.
func (w *World) SetOwn(ctx context.Context, name, value string) error {
	return w.own.ConfigSet(ctx, name, value).Err()
}

// DropClients closes the connections of all clients of this node but its own and its replicas'. Sentinels are among them, and come back.
func (w *World) DropClients(ctx context.Context) error {
	return errors.Join(
		w.own.ClientKillByFilter(ctx, "TYPE", "normal", "SKIPME", "yes").Err(),
		w.own.ClientKillByFilter(ctx, "TYPE", "pubsub").Err(),
	)
}

// Fence makes this node refuse writes until Unfence, or until it is a replica.
func (w *World) Fence(ctx context.Context) error {
	if w.topology.Fencing == FencingLease {
		return w.own.Do(ctx, "RP.FENCE", "HOLD").Err()
	}
	return w.SetOwn(ctx, "min-replicas-to-write", "99")
}

// Unfence lets a node that was fenced for a planned stop earn its lease again: Redis' own shutdown waits for the replicas'
// acknowledgements, which count only under a lease.
func (w *World) Unfence(ctx context.Context) error {
	if w.topology.Fencing == FencingLease {
		return w.own.Do(ctx, "RP.UNFENCE").Err()
	}
	return nil
}

// Peers asks all peers at once. It takes as long as the slowest, at most dialTimeout + answerTimeout.
func (w *World) Peers(ctx context.Context) []Peer {
	addresses := w.topology.Peers(w.self)
	peers := make([]Peer, len(addresses))
	var all sync.WaitGroup
	for i, address := range addresses {
		all.Add(1)
		go func() {
			defer all.Done()
			info, err := askInfo(ctx, w.nodes[address])
			peers[i] = Peer{Address: address, Info: info, Reach: reachOf(err)}
			if err != nil {
				peers[i].Error = err.Error()
			}
		}()
	}
	all.Wait()
	return peers
}

// reachOf tells "nobody is there" from "somebody is there but does not answer".
func reachOf(err error) Reach {
	switch {
	case err == nil:
		return Answered
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case !reached(err):
		return Unreachable
	default:
		return Hung
	}
}

// reached says whether the question may have been received, given the error that it got.
func reached(err error) bool {
	var operation *net.OpError
	return !(errors.As(err, &operation) && operation.Op == "dial")
}

// Views asks all Sentinels at once and returns the answers.
func (w *World) Views(ctx context.Context) []SentinelView {
	answers := make([]*SentinelView, len(w.sentinels))
	var all sync.WaitGroup
	for i, s := range w.sentinels {
		all.Add(1)
		go func() {
			defer all.Done()
			if view, err := s.view(ctx, w.topology.MasterName); err == nil {
				answers[i] = &view
			}
		}()
	}
	all.Wait()
	var views []SentinelView
	for _, answer := range answers {
		if answer != nil {
			views = append(views, *answer)
		}
	}
	return views
}

func (s *sentinel) view(ctx context.Context, masterName string) (SentinelView, error) {
	command := redis.NewMapStringStringCmd(ctx, "sentinel", "master", masterName)
	if err := s.client.Process(ctx, command); err != nil {
		return SentinelView{}, err
	}
	fields := command.Val()
	epoch, err := strconv.ParseInt(fields["config-epoch"], 10, 64)
	if err != nil || !isAddress(fields["ip"]) {
		return SentinelView{}, fmt.Errorf("SENTINEL MASTER of %s: ip %q, config-epoch %q", s.endpoint, fields["ip"], fields["config-epoch"])
	}
	flags := strings.Split(fields["flags"], ",")
	return SentinelView{
		Sentinel:           s.endpoint,
		Master:             fields["ip"],
		ConfigEpoch:        epoch,
		FailoverInProgress: contains(flags, "failover_in_progress"),
		MasterDown:         contains(flags, "o_down"),
	}, nil
}

// Named returns the address that each answering Sentinel gives to clients. During a failover it changes before View's does.
func (w *World) Named(ctx context.Context) []string {
	answers := make([]string, len(w.sentinels))
	var all sync.WaitGroup
	for i, s := range w.sentinels {
		all.Add(1)
		go func() {
			defer all.Done()
			command := redis.NewStringSliceCmd(ctx, "sentinel", "get-master-addr-by-name", w.topology.MasterName)
			if err := s.client.Process(ctx, command); err == nil && len(command.Val()) == 2 {
				answers[i] = command.Val()[0]
			}
		}()
	}
	all.Wait()
	var named []string
	for _, answer := range answers {
		if answer != "" {
			named = append(named, answer)
		}
	}
	return named
}

// AskForFailover asks exactly one Sentinel. It goes on to the next one only where the refusal proves that none began: two
// Sentinels failing over side by side may promote two nodes. It returns the Sentinel that agreed.
func (w *World) AskForFailover(ctx context.Context) (string, error) {
	var refusals []error
	for _, s := range w.sentinels {
		view, err := s.view(ctx, w.topology.MasterName)
		if err == nil && view.FailoverInProgress {
			return s.endpoint, nil
		}
		if err == nil && view.Master != w.self {
			return "", fmt.Errorf("Sentinel %s already names %s", s.endpoint, view.Master)
		}
		if err != nil {
			refusals = append(refusals, fmt.Errorf("%s: %w", s.endpoint, err))
			continue
		}
		err = s.client.Do(ctx, "sentinel", "failover", w.topology.MasterName).Err()
		var refusal redis.Error
		switch {
		case err == nil || strings.HasPrefix(err.Error(), "INPROG"):
			return s.endpoint, nil
		case errors.As(err, &refusal) || !reached(err):
			refusals = append(refusals, fmt.Errorf("%s: %w", s.endpoint, err))
		default:
			return "", fmt.Errorf("Sentinel %s may or may not have begun: %w", s.endpoint, err)
		}
	}
	return "", errors.Join(refusals...)
}

// Close drops all connections.
func (w *World) Close() {
	w.own.Close()
	for _, client := range w.nodes {
		client.Close()
	}
	for _, s := range w.sentinels {
		s.client.Close()
	}
}
