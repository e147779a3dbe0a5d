package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func hashOf(password string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(password))) }

// accept tells servers which of the given generations of passwords to accept; the first is the newest.
func (c *cluster) accept(containers []*container, generations ...map[string]string) {
	c.t.Helper()
	change := PasswordChange{Users: Passwords{}}
	change.Admin.Username = "admin"
	for _, passwords := range generations {
		for user, password := range passwords {
			change.Users[user] = append(change.Users[user], hashOf(password))
		}
		change.Admin.Passwords = append(change.Admin.Passwords, passwords["admin"])
	}
	text, err := json.Marshal(change)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, one := range containers {
		if output, err := one.told(string(text)+"\n", "passwords", one.role); err != nil {
			c.t.Fatalf("%s: %v: %s", one.address, err, output)
		}
	}
}

// login says whether the server takes the password.
func login(one *container, user, password string) error {
	port := nodePort
	if one.role == "sentinel" {
		port = sentinelPort
	}
	client := newClient(one.address+":"+strconv.Itoa(port), Login{user, password})
	defer client.Close()
	return client.Ping(context.Background()).Err()
}

func (c *cluster) replace(one *container) {
	one.stop()
	c.configure(one)
	one.start()
	c.everybodyFollows()
	c.ready()
}

func TestEveryPasswordChangesWithoutALossOrAnOutage(t *testing.T) {
	c := newCluster(t, 3, 3)
	c.startAll()
	c.everybodyFollows()
	c.ready()
	all := append(append([]*container{}, c.sentinels...), c.nodes...)
	before, after := users, map[string]string{}
	for name := range users {
		after[name] = "another-" + name + "-secret"
	}
	l := c.openLedger(3)
	begin := time.Now()
	l.waitForWrite(t, begin)

	c.accept(all, after, before)
	c.accept(all, after, before) // as after an interruption
	c.setPasswords("secrets-after", after)
	for _, one := range c.sentinels {
		c.replace(one)
	}
	master := c.node(c.master())
	for _, one := range c.nodes {
		if one != master {
			c.replace(one)
		}
	}
	// Half-way, with the old password in the master and the new one in all others: a crash is like any other.
	master.signalServer(t, syscall.SIGKILL)
	l.waitForWrite(t, time.Now().Add(300*time.Millisecond))
	c.everybodyFollows()
	c.ready()
	// And back, so that the last one is handed over.
	for tries := 0; c.master() != master.address; tries++ {
		if tries == 6 {
			t.Fatalf("%s is not the master again", master.address)
		}
		c.node(c.master()).signalServer(t, syscall.SIGKILL)
		l.waitForWrite(t, time.Now().Add(300*time.Millisecond))
		c.everybodyFollows()
		c.ready()
	}
	handedOver := time.Now()
	c.replace(master)
	l.waitForWrite(t, time.Now())
	l.close()
	l.check(t)
	var planned time.Duration
	for i := 1; i < len(l.moments); i++ {
		if l.moments[i].After(handedOver) {
			planned = max(planned, l.moments[i].Sub(l.moments[i-1]))
		}
	}
	t.Logf("planned failover from old passwords to new ones: %.2f s", planned.Seconds())
	if planned > 2500*time.Millisecond {
		t.Errorf("the master with the old passwords did not hand over: %s without a write", planned)
	}

	for _, one := range all {
		if err := errors.Join(login(one, "node", before["node"]), login(one, "node", after["node"])); err != nil {
			t.Errorf("%s: %v", one.address, err)
		}
	}
	c.accept(all, after)
	for _, one := range all {
		for user := range users {
			if (user == "replication" || user == "sentinel" || user == "app") != (one.role == "node") && user != "node" && user != "admin" {
				continue
			}
			if err := login(one, user, before[user]); err == nil || !strings.Contains(err.Error(), "WRONGPASS") {
				t.Errorf("%s still takes the old password of %s: %v", one.address, user, err)
			}
		}
		if err := login(one, "node", after["node"]); err != nil {
			t.Errorf("%s: %v", one.address, err)
		}
		if _, err := os.Stat(filepath.Join(one.dir, "data", passwordsFile)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s keeps %s: %v", one.address, passwordsFile, err)
		}
	}
}

func TestPasswordsAreKeptForTheNextStartWhileThereAreSeveral(t *testing.T) {
	env := Environment{ConfigDir: t.TempDir(), DataDir: t.TempDir(), RunDir: filepath.Join(t.TempDir(), "run")}
	a, b := hashOf("a"), hashOf("b")
	if line, err := PrepareUsers(env, nodeACL); err != nil || line != "" {
		t.Errorf("without an ACL file: %q, %v", line, err)
	}
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(env.ConfigDir, nodeACL), "user default off\nuser app on #"+a+" +@all\nuser admin on #"+a+" +@all\n")
	prepared := func() string {
		t.Helper()
		line, err := PrepareUsers(env, nodeACL)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(strings.TrimSuffix(strings.TrimPrefix(line, "aclfile "), "\n"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	declared := "user default off\nuser app on #" + a + " +@all\nuser admin on #" + a + " +@all\n"
	if got := prepared(); got != declared {
		t.Errorf("got %s", got)
	}
	if err := (Passwords{"app": {a, b}, "admin": {a}}).save(env.DataDir); err != nil {
		t.Fatal(err)
	}
	if got := prepared(); got != "user default off\nuser app on #"+a+" +@all #"+a+" #"+b+"\nuser admin on #"+a+" +@all\n" {
		t.Errorf("got %s", got)
	}
	for range 2 {
		if err := (Passwords{"app": {a}, "admin": {a}}).save(env.DataDir); err != nil {
			t.Fatal(err)
		}
		if got := prepared(); got != declared {
			t.Errorf("got %s", got)
		}
	}
	for _, damaged := range []string{"", "{", `{"app":["x"]}`, `{"app":[]}`, `{"app on nopass":["` + a + `"]}`, `{"app":["` + a + ` +@all"]}`} {
		write(filepath.Join(env.DataDir, passwordsFile), damaged)
		if _, err := PrepareUsers(env, nodeACL); err == nil || !strings.Contains(err.Error(), "remove the file") {
			t.Errorf("%s: %v", damaged, err)
		}
	}
}

func TestAChangeOfPasswordsIsReadWholeOrRefusedWithoutRepeatingIt(t *testing.T) {
	env := Environment{Address: "10.0.0.2", ConfigDir: t.TempDir(), DataDir: t.TempDir()}
	text, err := json.Marshal(Topology{MasterName: "platform", DeclaredMaster: "10.0.0.2", Port: 1, Nodes: []string{"10.0.0.2"}, Sentinels: []string{"10.0.1.2:26379"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(env.ConfigDir, "node.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, input := range []string{"", "swordfish", `{"admin":{"passwords":["swordfish"]},"users":{"app":["swordfish"]}}`, `{"users":{"app":["` + hashOf("a") + `"]}}`} {
		err := ChangePasswords(env, "node", strings.NewReader(input))
		if err == nil || !strings.Contains(err.Error(), "not a change of passwords") || strings.Contains(err.Error(), "swordfish") {
			t.Errorf("%q: %v", input, err)
		}
		if _, err := os.Stat(filepath.Join(env.DataDir, passwordsFile)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%q: something was written", input)
		}
	}
}
