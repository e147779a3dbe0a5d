package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

const password = "secret"

// rights are those that constructs/redis/users.ts gives to the user `backup`.
const rights = "user default on nopass ~* &* +@all\nuser backup on >" + password + " resetchannels -@all +info +replconf +psync\n"

// redisAt starts a real server. replicaOf is the port of another one, or 0.
func redisAt(t *testing.T, port, replicaOf int) {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not on this machine")
	}
	folder := t.TempDir()
	acl := filepath.Join(folder, "users.acl")
	if err := os.WriteFile(acl, []byte(rights), 0o600); err != nil {
		t.Fatal(err)
	}
	arguments := []string{"--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--dir", folder, "--aclfile", acl, "--save", "",
		"--repl-diskless-sync-delay", "0", "--logfile", filepath.Join(folder, "log")}
	if replicaOf != 0 {
		arguments = append(arguments, "--replicaof", fmt.Sprintf("127.0.0.1 %d", replicaOf))
	}
	server := exec.Command("redis-server", arguments...)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Process.Kill(); server.Wait() })
	eventually(t, func() error {
		return cli(port, "PING")
	})
}

func cli(port int, words ...string) error {
	printed, err := exec.Command("redis-cli", append([]string{"-e", "-p", fmt.Sprint(port)}, words...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %s", words[0], printed)
	}
	return nil
}

func eventually(t *testing.T, try func() error) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func source(ports ...int) Source {
	s := Source{Username: "backup", Password: password}
	for _, port := range ports {
		s.Nodes = append(s.Nodes, fmt.Sprintf("127.0.0.1:%d", port))
	}
	return s
}

func draft(t *testing.T) *os.File {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "dump.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func TestASnapshotOfAReplicaHoldsAllThatTheMasterHad(t *testing.T) {
	master, replica := freePort(t), freePort(t)
	redisAt(t, master, 0)
	redisAt(t, replica, master)
	if err := cli(master, "DEBUG", "POPULATE", "1", "x", "1"); err != nil && !strings.Contains(err.Error(), "DEBUG") {
		t.Fatal(err)
	}
	for i := range 50 {
		if err := cli(master, "SET", fmt.Sprint("key", i), strings.Repeat("v", 10_000)); err != nil {
			t.Fatal(err)
		}
	}
	file := draft(t)
	var manifest Manifest
	// A replica syncs within a second.
	eventually(t, func() (err error) {
		manifest, err = source(master, replica).take(context.Background(), file)
		return err
	})
	if manifest.From != "replica" || manifest.Keys < 50 || manifest.Mark.Taken < manifest.Mark.Asked || manifest.Memory.Used == 0 {
		t.Errorf("manifest is %+v", manifest)
	}
	content, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != manifest.RDB.SHA256 || int64(len(content)) != manifest.RDB.Bytes {
		t.Errorf("%d bytes in the file, manifest says %+v", len(content), manifest.RDB)
	}
	printed, err := exec.Command("redis-check-rdb", file.Name()).CombinedOutput()
	if err != nil || !strings.Contains(string(printed), fmt.Sprintf("%d keys read", manifest.Keys)) {
		t.Errorf("redis-check-rdb: %v: %s", err, printed)
	}
	if err := cli(replica, "ACL", "LOG"); err != nil {
		t.Error(err)
	}
}

func TestASingleNodeGivesItsOwnSnapshot(t *testing.T) {
	port := freePort(t)
	redisAt(t, port, 0)
	manifest, err := source(port).take(context.Background(), draft(t))
	if err != nil || manifest.From != "master" || manifest.Keys != 0 {
		t.Errorf("%+v, %v", manifest, err)
	}
}

func TestNoSnapshotIsTakenWhere(t *testing.T) {
	alone, other := freePort(t), freePort(t)
	redisAt(t, alone, 0)
	redisAt(t, other, 0)
	leased := source(alone)
	leased.Lease = true
	stranger := source(alone)
	stranger.Password = "wrong"
	for name, c := range map[string]struct {
		source Source
		says   string
	}{
		"two nodes are masters":     {source(alone, other), "2 nodes say"},
		"no replica is in sync":     {source(alone, freePort(t)), "no replica in sync"},
		"the master has no lease":   {leased, "0 nodes say"},
		"nobody answers":            {source(freePort(t)), "refused"},
		"the password is not right": {stranger, "WRONGPASS"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := c.source.take(context.Background(), draft(t)); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q in it", err, c.says)
			}
		})
	}
}

func TestASnapshotIsReadToItsMark(t *testing.T) {
	mark := strings.Repeat("m", markLength)
	for _, text := range []string{"", "x", strings.Repeat("data", 50_000), "ends like it: " + mark[:39] + "n"} {
		for name, reader := range map[string]io.Reader{
			"at once":      strings.NewReader(text + mark),
			"byte by byte": iotest.OneByteReader(strings.NewReader(text + mark)),
			"with its end": iotest.DataErrReader(strings.NewReader(text + mark)),
		} {
			got, err := io.ReadAll(&untilMark{source: reader, mark: []byte(mark)})
			if err != nil || string(got) != text {
				t.Errorf("%s: %d bytes, %v; want %d", name, len(got), err, len(text))
			}
		}
		if _, err := io.ReadAll(&untilMark{source: strings.NewReader(text + mark[:39]), mark: []byte(mark)}); err == nil {
			t.Error("an end before the mark is no error")
		}
		if len(text) == 0 {
			continue
		}
		if _, err := io.ReadAll(&exactly{source: strings.NewReader(text[1:]), left: int64(len(text))}); err == nil {
			t.Error("an end before the length is no error")
		}
	}
}
