// Package defrag has no program of its own: its test is about the server that build-packages.sh makes.
package defrag

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Enough for thousands of pages of each size, and filled within a second.
const keys = 200_000

const (
	fill = `for i = 1, ARGV[1] do redis.call('SET', 'key:' .. i, string.rep(i % 10, 200)) end`
	// What stays is spread over all pages: none of them can be given back as it is.
	thinOut = `for i = 1, ARGV[1] do if i % 4 ~= 0 then redis.call('UNLINK', 'key:' .. i) end end`
	damaged = `local n = 0
for i = 4, ARGV[1], 4 do if redis.call('GET', 'key:' .. i) ~= string.rep(i % 10, 200) then n = n + 1 end end
return n`
)

func TestMemoryBetweenTheKeysThatAreLeftIsGivenBack(t *testing.T) {
	server := start(t)
	server.run("EVAL", fill, "0", strconv.Itoa(keys))
	server.run("EVAL", thinOut, "0", strconv.Itoa(keys))
	// Without it, nothing happens by itself.
	time.Sleep(2 * time.Second)
	before := server.memory()
	if before.ratio() < 1.5 || before.hits != 0 {
		t.Fatalf("the memory is not fragmented, or was defragmented already: %+v", before)
	}

	server.run("CONFIG", "SET", "activedefrag", "yes")
	now := before
	for deadline := time.Now().Add(2 * time.Minute); now.ratio() > 1.2; now = server.memory() {
		if time.Now().After(deadline) {
			t.Fatalf("still fragmented after two minutes: %+v, it was %+v", now, before)
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Logf("active memory: %d -> %d bytes, as a multiple of what is allocated %.2f -> %.2f; %d allocations moved",
		before.active, now.active, before.ratio(), now.ratio(), now.hits)
	if now.hits == 0 || now.active > before.active*2/3 {
		t.Errorf("memory was not given back by moving allocations: %+v, it was %+v", now, before)
	}
	if wrong := server.run("EVAL", damaged, "0", strconv.Itoa(keys)); wrong != "0" {
		t.Errorf("%s values are not what they were", wrong)
	}
}

type server struct {
	t      *testing.T
	socket string
}

func start(t *testing.T) server {
	t.Helper()
	s := server{t: t, socket: filepath.Join(t.TempDir(), "redis.sock")}
	process := exec.Command("redis-server", "--port", "0", "--unixsocket", s.socket, "--save", "",
		"--active-defrag-ignore-bytes", "1mb", "--active-defrag-threshold-lower", "5", "--active-defrag-cycle-min", "25")
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if answer, err := s.ask("PING"); err == nil && answer == "PONG" {
			return s
		} else if time.Now().After(deadline) {
			t.Fatalf("redis-server does not answer: %s, %v", answer, err)
		}
	}
}

func (s server) ask(command ...string) (string, error) {
	// -e: an error of the server is one of redis-cli.
	output, err := exec.Command("redis-cli", append([]string{"-e", "-s", s.socket}, command...)...).CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

func (s server) run(command ...string) string {
	s.t.Helper()
	answer, err := s.ask(command...)
	if err != nil {
		s.t.Fatalf("%s: %s (%v)", strings.Join(command, " "), answer, err)
	}
	return answer
}

// In bytes; hits is how many allocations were moved.
type memory struct{ active, allocated, hits int }

func (m memory) ratio() float64 { return float64(m.active) / float64(m.allocated) }

func (s server) memory() memory {
	s.t.Helper()
	info := s.run("INFO", "memory", "stats")
	number := func(name string) int {
		match := regexp.MustCompile(`(?m)^` + name + `:(\d+)`).FindStringSubmatch(info)
		if match == nil {
			s.t.Fatalf("INFO has no %s: %s", name, info)
		}
		value, err := strconv.Atoi(match[1])
		if err != nil {
			s.t.Fatal(err)
		}
		return value
	}
	return memory{number("allocator_active"), number("allocator_allocated"), number("active_defrag_hits")}
}
