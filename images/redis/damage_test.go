package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Each way in which the files of a node can be damaged, against real servers: a replica mends itself from the master, a node that nobody can
// replace waits, touches nothing and says what to do.

// damages are done to the data directory of a node that has stopped in good order. refused: redis-server itself notices; else it would
// start without the keys.
var damages = []struct {
	name    string
	refused bool
	mendBy  string // a program of the way out that the node names, if it can mend its files
	do      func(t *testing.T, data string)
}{
	{"the append-only file is damaged in the middle", true, "redis-check-aof", func(t *testing.T, data string) {
		overwrite(t, find(t, data, "*.incr.aof"), 0.5, strings.Repeat("\x00", 2000))
	}},
	{"an unknown command is in the append-only file", true, "", func(t *testing.T, data string) {
		path := find(t, data, "*.incr.aof")
		text := readAll(t, path)
		writeAll(t, path, strings.Replace(text, "$3\r\nset\r\n", "$3\r\nsxt\r\n", 1))
	}},
	{"zeros follow the append-only file", true, "redis-check-aof", func(t *testing.T, data string) {
		path := find(t, data, "*.incr.aof")
		writeAll(t, path, readAll(t, path)+strings.Repeat("\x00", 100))
	}},
	{"the append-only file is empty", false, "", func(t *testing.T, data string) {
		writeAll(t, find(t, data, "*.incr.aof"), "")
	}},
	{"the base has a wrong checksum", true, "", func(t *testing.T, data string) {
		overwrite(t, find(t, data, "*.base.rdb"), 0.99, "X")
	}},
	{"the base is damaged in the middle", true, "", func(t *testing.T, data string) {
		overwrite(t, find(t, data, "*.base.rdb"), 0.5, strings.Repeat("\x00", 300))
	}},
	{"the base is cut off", true, "", func(t *testing.T, data string) {
		path := find(t, data, "*.base.rdb")
		text := readAll(t, path)
		writeAll(t, path, text[:len(text)/2])
	}},
	{"the base is empty", false, "", func(t *testing.T, data string) {
		writeAll(t, find(t, data, "*.base.rdb"), "")
	}},
	{"the manifest is garbage", true, "", func(t *testing.T, data string) {
		writeAll(t, filepath.Join(data, appendDir, manifestFile), "garbage\n")
	}},
	{"the manifest is empty", true, "", func(t *testing.T, data string) {
		writeAll(t, filepath.Join(data, appendDir, manifestFile), "")
	}},
	{"the manifest is missing", false, "", func(t *testing.T, data string) {
		remove(t, filepath.Join(data, appendDir, manifestFile))
	}},
	{"the manifest names a missing increment", true, "", func(t *testing.T, data string) {
		remove(t, find(t, data, "*.incr.aof"))
	}},
	{"the manifest names a missing base", true, "", func(t *testing.T, data string) {
		remove(t, find(t, data, "*.base.rdb"))
	}},
	{"the append-only files are missing beside a snapshot", false, "", func(t *testing.T, data string) {
		if err := os.RemoveAll(filepath.Join(data, appendDir)); err != nil {
			t.Fatal(err)
		}
	}},
}

func TestAReplicaMendsItselfFromTheMaster(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, 3)
	c.startAll()
	c.ready()
	l := c.openLedger(4)
	for _, damage := range damages {
		c.run(damage.name, func(t *testing.T) {
			l.waitForWrite(t, time.Now())
			replica := c.anyReplica(c.node(c.master()))
			c.fillBase(t, replica)
			eventually(t, 20*time.Second, func() error { // so that there is something to damage
				if size := len(readAll(t, find(t, replica.dataDir(), "*.incr.aof"))); size < 10_000 {
					return fmt.Errorf("%d bytes", size)
				}
				return nil
			})
			c.knowsItsFiles(t, replica)
			replica.stop()
			damage.do(t, replica.dataDir())
			logged := len(replica.log.String())
			begin := time.Now()
			replica.start()
			c.everybodyFollows()
			t.Logf("mended after %.2f s", time.Since(begin).Seconds())
			told := events(t, replica.log.String()[logged:], actionDamage)
			if len(told) != 1 {
				t.Fatalf("the log does not tell the damage once: %v", told)
			}
			aside, _ := told[0]["file.path"].(string)
			if info, err := os.Stat(aside); err != nil || !info.IsDir() {
				t.Errorf("the damaged files are not at %q: %v", aside, err)
			}
			if entries, err := os.ReadDir(filepath.Dir(aside)); err != nil || len(entries) > asideKept {
				t.Errorf("%d folders are kept (%v), at most %d should be", len(entries), err, asideKept)
			}
			if refused := strings.Contains(replica.log.String()[logged:], `"event.action":"server-ended"`); refused != damage.refused {
				t.Errorf("redis-server refused: %t, want %t", refused, damage.refused)
			}
		})
	}
	l.waitForWrite(t, time.Now())
	l.close()
	l.check(t)
}

// After a rewrite the newest file is empty until somebody writes, while the offset in the replication stream goes on: PINGs, the Sentinels'
// PUBLISH.
func TestANodeThatWroteNothingSinceARewriteStartsFromItsFiles(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, 1)
	c.startAll()
	c.everybodyFollows()
	master := c.node(c.master())
	if err := c.admins[master.address].Set(context.Background(), "key", "value", 0).Err(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // of files with and without an offset at which they ended
		c.fillBase(t, master)
		time.Sleep(3 * time.Second)
		if size := len(readAll(t, find(t, master.dataDir(), "*.incr.aof"))); size != 0 {
			t.Fatalf("%d bytes were written", size)
		}
		for _, one := range c.nodes {
			one.stop()
		}
		if text := readAll(t, filepath.Join(master.dataDir(), appendDir, manifestFile)); !strings.Contains(text, "endoffset") {
			t.Fatalf("not what this test is about: %s", text)
		}
		c.startAll()
		c.everybodyFollows()
		master = c.node(c.master())
		if value, err := c.admins[master.address].Get(context.Background(), "key").Result(); value != "value" {
			t.Fatalf("the key is %q, %v", value, err)
		}
	}
	if told := events(t, master.log.String(), actionDamage); len(told) != 0 {
		t.Errorf("damage is told where there is none: %v", told)
	}
}

func TestANodeThatNobodyCanReplaceWaitsAndSaysWhatToDo(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1, 1)
	c.startAll()
	c.everybodyFollows()
	node := c.nodes[0]
	admin := c.admins[node.address]
	ctx := context.Background()
	for i := range 500 {
		if err := admin.Set(ctx, fmt.Sprintf("base:%d", i), strings.Repeat("x", 50), 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	c.fillBase(t, node)
	for i := range 500 {
		if err := admin.Set(ctx, fmt.Sprintf("later:%d", i), strings.Repeat("x", 50), 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	c.knowsItsFiles(t, node)
	node.stop()
	whole := filepath.Join(c.dir, "whole")
	copyAll(t, node.dataDir(), whole)
	for _, damage := range damages {
		c.run(damage.name, func(t *testing.T) {
			damage.do(t, node.dataDir())
			before, starts := fingerprint(node.dataDir()), node.starts
			begin := time.Now()
			node.start()
			defer func() {
				node.stop()
				empty(t, node.dataDir())
				copyAll(t, whole, node.dataDir())
			}()
			sentence := node.blocked(t)
			t.Logf("after %.2f s: %s", time.Since(begin).Seconds(), sentence)
			if !strings.Contains(sentence, "npm run restore") {
				t.Error("the way out is not named")
			}
			time.Sleep(500 * time.Millisecond)
			if after := fingerprint(node.dataDir()); after != before {
				t.Errorf("files were touched:\n%s\n%s", before, after)
			}
			if node.starts != starts+1 {
				t.Errorf("started %d times", node.starts-starts)
			}
			wanted := int64(1000)
			if command := regexp.MustCompile("`docker exec -it <this container> (redis-check-aof [^`]*)`").FindStringSubmatch(sentence); (command != nil) != (damage.mendBy != "") {
				t.Errorf("the sentence should name %q", damage.mendBy)
			} else if command != nil {
				mend := exec.Command("sh", "-c", "yes | "+command[1])
				if output, err := mend.CombinedOutput(); err != nil {
					t.Fatalf("%s: %v\n%s", command[1], err, output)
				}
				wanted = 500 // at least the base
			} else { // as after a restore
				empty(t, node.dataDir())
				copyAll(t, whole, node.dataDir())
			}
			eventually(t, 15*time.Second, func() error {
				info, err := c.info(node.address)
				if err == nil && (info.Loading || info.Keys < wanted) {
					err = fmt.Errorf("%d keys", info.Keys)
				}
				return err
			})
			if node.starts != starts+1 {
				t.Errorf("started %d times in all: it should go on by itself", node.starts-starts)
			}
			eventually(t, 10*time.Second, func() error {
				output, err := node.command("health", "node")
				if err != nil {
					err = fmt.Errorf("health: %w %s", err, output)
				}
				return err
			})
		})
	}
}

// A root without these rights is refused as any other user is.
var withoutRights = []string{"setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"}

func TestFilesOfSomebodyElse(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 3, 3)
	for _, one := range c.nodes {
		one.wrapper = withoutRights
	}
	c.startAll()
	c.ready()
	l := c.confirm(t)
	master := c.node(c.master())
	replica := c.anyReplica(master)
	c.run("of a replica", func(t *testing.T) {
		replica.stop()
		mode(t, find(t, replica.dataDir(), "*.base.rdb"), 0)
		replica.start()
		c.everybodyFollows()
		if told := events(t, replica.log.String(), actionDamage); len(told) != 1 {
			t.Errorf("the log does not tell the damage once: %v", told)
		}
	})
	c.run("in a folder of somebody else, of a replica", func(t *testing.T) {
		replica.stop()
		mode(t, replica.dataDir(), 0o500)
		starts := replica.starts
		replica.start()
		if sentence := replica.blocked(t); !strings.Contains(sentence, "permission denied") || !strings.Contains(sentence, "chown") {
			t.Error(sentence)
		}
		mode(t, replica.dataDir(), 0o700)
		c.everybodyFollows()
		if replica.starts != starts+1 {
			t.Errorf("started %d times", replica.starts-starts)
		}
	})
	c.run("of the master, after a full stop", func(t *testing.T) {
		master = c.node(c.master())
		master.kill()
		c.stopAll(t, c.nodes, c.sentinels)
		path := find(t, master.dataDir(), "*.base.rdb")
		mode(t, path, 0)
		c.startAll()
		if sentence := master.blocked(t); !strings.Contains(sentence, "chown") || !strings.Contains(sentence, "promote --accept-data-loss") {
			t.Error(sentence)
		}
		mode(t, path, 0o600)
		c.everybodyFollows()
		l.check(t)
	})
}

func mode(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// blocked waits until the health check says that the node waits for an operator, and returns what it says.
func (one *container) blocked(t *testing.T) (sentence string) {
	t.Helper()
	eventually(t, 25*time.Second, func() error {
		output, err := one.command("health", "node")
		var exit *exec.ExitError
		if !asExit(err, &exit) || exit.ExitCode() != blockedExit {
			return fmt.Errorf("health ends with %v: %s", err, output)
		}
		sentence = output
		return nil
	})
	return sentence
}

// fillBase rewrites the append-only file, so that its base holds what there is.
// knowsItsFiles waits until a node has written down what its append-only files hold.
func (c *cluster) knowsItsFiles(t *testing.T, one *container) {
	t.Helper()
	eventually(t, 10*time.Second, func() error {
		record, err := LoadRecord(one.dataDir(), c.topology)
		if err == nil && (!record.AppendOnly || !slices.Equal(record.Filled, filledFiles(one.dataDir()))) {
			err = fmt.Errorf("%+v", record)
		}
		return err
	})
}

func (c *cluster) fillBase(t *testing.T, one *container) {
	t.Helper()
	ctx := context.Background()
	admin := c.admins[one.address]
	eventually(t, 10*time.Second, func() error { return admin.BgRewriteAOF(ctx).Err() }) // one may be under way, after a sync
	eventually(t, 10*time.Second, func() error {
		text, err := admin.Info(ctx, "persistence").Result()
		if err == nil && (strings.Contains(text, "aof_rewrite_in_progress:1") || strings.Contains(text, "aof_rewrite_scheduled:1")) {
			err = fmt.Errorf("being rewritten")
		}
		return err
	})
	eventually(t, 10*time.Second, func() error { return admin.Save(ctx).Err() })
}
