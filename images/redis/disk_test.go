package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fullDisk is a small file system of its own (1 MiB) that the container which runs the tests has.
const fullDisk = "/full"

// fill leaves no byte free, until the returned function is called.
func fill(t *testing.T) (makeRoom func()) {
	t.Helper()
	path := filepath.Join(fullDisk, "fill")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, size := range []int{4096, 1} {
		for err == nil {
			_, err = file.Write(make([]byte, size))
		}
		err = nil
	}
	return func() { remove(t, path) }
}

func TestADiskThatIsFull(t *testing.T) {
	if info, err := os.Stat(fullDisk); err != nil || !info.IsDir() {
		t.Skip(fullDisk + " is not here: run the tests as README.md says")
	}
	c := newCluster(t, 3, 3)
	small := c.nodes[2]
	small.data = filepath.Join(fullDisk, "node")
	c.configure(small)
	t.Cleanup(func() { os.RemoveAll(small.data) })
	c.startAll()
	c.ready()
	c.run("of a replica, and has room again", func(t *testing.T) {
		l := c.openLedger(2)
		l.waitForWrite(t, time.Now())
		makeRoom := fill(t)
		sentence := small.blocked(t)
		t.Log(sentence)
		if !strings.Contains(sentence, "no space left on device") || !strings.Contains(sentence, "make room") {
			t.Error("it does not say what to do")
		}
		starts := small.starts
		l.waitForWrite(t, time.Now()) // the others go on
		l.close()
		time.Sleep(2 * time.Second)
		if small.starts != starts {
			t.Errorf("started %d times while the disk was full", small.starts-starts)
		}
		makeRoom()
		c.everybodyFollows()
		if small.starts != starts {
			t.Error("it was started again, instead of going on by itself")
		}
		l.check(t)
	})
	c.run("of the master, and has room again", func(t *testing.T) {
		c.makeMaster(2)
		c.everybodyFollows()
		c.ready()
		l := c.openLedger(2)
		l.waitForWrite(t, time.Now())
		makeRoom := fill(t)
		begin := time.Now()
		eventually(t, 30*time.Second, func() error {
			if now := c.place(); now == 2 || now < 0 {
				return fmt.Errorf("node %d is named", now)
			}
			return nil
		})
		l.waitForWrite(t, time.Now())
		t.Logf("another is master after %.1f s", time.Since(begin).Seconds())
		l.close() // more would not fit on the small disk
		eventually(t, 40*time.Second, func() error {
			if sentence := small.blocked(t); !strings.Contains(sentence, "nothing can be written") || !strings.Contains(sentence, "make room") {
				return fmt.Errorf("it says %s", sentence)
			}
			return nil
		})
		makeRoom()
		c.everybodyFollows()
		l.check(t)
	})
}
