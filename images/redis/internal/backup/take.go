package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// caughtUpWithin: a replica that is further behind does not catch up by waiting.
const caughtUpWithin = 10 * time.Second

// Source is where snapshots come from.
type Source struct {
	Nodes    []string // address:port of all Redis nodes
	Username string
	Password string
	Lease    bool // whether a master confirms writes only under a lease
}

// take writes a snapshot of a replica into a file, or of the master where it is the only node. Everything that had been confirmed
// before it was called is in it.
func (s Source) take(ctx context.Context, file *os.File) (Manifest, error) {
	links := map[string]*link{}
	defer func() {
		for _, l := range links {
			l.close()
		}
	}()
	infos := map[string]info{}
	var problems []error
	for _, node := range s.Nodes {
		l, err := open(ctx, node, s.Username, s.Password)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		links[node] = l
		if infos[node], err = askInfo(l); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", node, err))
			delete(infos, node)
		}
	}
	master, err := s.master(infos)
	if err != nil {
		return Manifest{}, errors.Join(append([]error{err}, problems...)...)
	}
	for _, node := range s.Nodes {
		of, asked := infos[node]
		if !asked || (!s.alone() && !of.follows(master)) {
			continue
		}
		manifest, err := s.takeFrom(ctx, links[node], master, file)
		if err == nil {
			return manifest, nil
		}
		if errors.As(err, new(*os.PathError)) || ctx.Err() != nil {
			return Manifest{}, err
		}
		problems = append(problems, fmt.Errorf("%s: %w", node, err))
	}
	return Manifest{}, errors.Join(append([]error{errors.New("no replica in sync gives a snapshot")}, problems...)...)
}

// alone says whether there are no replicas.
func (s Source) alone() bool { return len(s.Nodes) == 1 }

// master is the one that may confirm writes at this moment: whatever was confirmed by now is below its offset.
func (s Source) master(infos map[string]info) (info, error) {
	var found []info
	for _, i := range infos {
		if i["role"] == "master" && (!s.Lease || i["rplease_writable"] == "1") {
			found = append(found, i)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%d nodes say that they are the master and may confirm writes", len(found))
	}
	return found[0], nil
}

func (s Source) takeFrom(ctx context.Context, l *link, master info, file *os.File) (Manifest, error) {
	node, err := caughtUp(ctx, l, master)
	if err != nil {
		return Manifest{}, err
	}
	replication, offset, content, err := l.snapshot()
	if err != nil {
		return Manifest{}, err
	}
	from, asked := "replica", master.number("master_repl_offset")
	if s.alone() {
		// A master that has never had a replica takes a new id with its first one, and goes on counting.
		from, master["master_replid"] = "master", replication
	}
	if replication != master["master_replid"] || offset < asked {
		return Manifest{}, errors.New("another node became master meanwhile")
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return Manifest{}, err
	}
	if err := file.Truncate(0); err != nil {
		return Manifest{}, err
	}
	hash := sha256.New()
	length, err := io.Copy(io.MultiWriter(file, hash), content)
	if err != nil {
		return Manifest{}, err
	}
	return Manifest{
		RedisVersion: node["redis_version"],
		From:         from,
		Mark:         Mark{replication, asked, offset},
		Keys:         node.keys(),
		Memory:       Memory{node.number("maxmemory"), node.dataMemory()},
		RDB:          RDB{length, hex.EncodeToString(hash.Sum(nil))},
	}, nil
}

// caughtUp returns what INFO says once the node has all that the master had.
func caughtUp(ctx context.Context, l *link, master info) (info, error) {
	deadline := time.Now().Add(caughtUpWithin)
	for {
		node, err := askInfo(l)
		if err != nil {
			return nil, err
		}
		if node["role"] != "master" && !node.follows(master) {
			return nil, errors.New("the replica has lost its master")
		}
		behind := master.number("master_repl_offset") - node.number("master_repl_offset")
		if behind <= 0 {
			return node, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("the replica stays %d bytes behind", behind)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// info holds the fields of INFO.
type info map[string]string

func askInfo(l *link) (info, error) {
	text, err := l.call("INFO", "server", "memory", "replication", "keyspace", "rplease")
	if err != nil {
		return nil, err
	}
	fields := info{}
	for _, line := range strings.Split(text, "\n") {
		if name, value, found := strings.Cut(strings.TrimRight(line, "\r"), ":"); found {
			fields[name] = value
		}
	}
	if fields["role"] == "" || fields["master_replid"] == "" {
		return nil, errors.New("INFO says nothing about the replication")
	}
	return fields, nil
}

func (i info) follows(master info) bool {
	return i["role"] == "slave" && i["master_link_status"] == "up" && i["master_replid"] == master["master_replid"]
}

// number is 0 for a field that is missing.
func (i info) number(field string) int64 {
	value, _ := strconv.ParseInt(i[field], 10, 64)
	return value
}

// keys counts those of all databases.
func (i info) keys() (sum int64) {
	for field, value := range i {
		number, found := strings.CutPrefix(field, "db")
		if _, err := strconv.Atoi(number); !found || err != nil {
			continue
		}
		count, _, _ := strings.Cut(strings.TrimPrefix(value, "keys="), ",")
		keys, _ := strconv.ParseInt(count, 10, 64)
		sum += keys
	}
	return sum
}

// dataMemory is what any node needs for the same data: backlog and clients' buffers are each node's own.
func (i info) dataMemory() int64 {
	own := i.number("mem_replication_backlog") + i.number("mem_clients_normal") + i.number("mem_clients_slaves")
	return max(0, i.number("used_memory")-own)
}
