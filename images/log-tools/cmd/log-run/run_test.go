package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// This test's own program, started again with the variable set, is log-run.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_AS_LOG_RUN") != "" {
		_ = os.Unsetenv("RUN_AS_LOG_RUN")
		main()
	}
	os.Exit(m.Run())
}

// running is a log-run with a program below it.
type running struct {
	t       *testing.T
	folder  string
	process *exec.Cmd
	stdout  lockedBuffer
	stderr  lockedBuffer
	begin   time.Time
}

type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(text)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// prepare makes a log-run with a folder for its files. settings are NAME=value.
func prepare(t *testing.T, arguments []string, settings ...string) *running {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, folder: t.TempDir(), process: exec.Command(self, arguments...)}
	// The race detector makes a program sleep for 1 s at its end.
	r.process.Env = append(os.Environ(), append([]string{"RUN_AS_LOG_RUN=1", "GORACE=atexit_sleep_ms=0", "LOG_DIR=" + r.folder}, settings...)...)
	r.process.Stdout, r.process.Stderr = &r.stdout, &r.stderr
	t.Cleanup(func() {
		if r.process.Process != nil {
			_ = r.process.Process.Kill()
		}
	})
	return r
}

// shell runs a script under log-run.
func shell(t *testing.T, script string, settings ...string) *running {
	t.Helper()
	return prepare(t, []string{"--", "sh", "-c", script}, settings...).start()
}

func (r *running) start() *running {
	r.t.Helper()
	r.begin = time.Now()
	if err := r.process.Start(); err != nil {
		r.t.Fatal(err)
	}
	return r
}

// wait returns the exit code and how long it all took.
func (r *running) wait() (code int, took time.Duration) {
	r.t.Helper()
	ended := make(chan struct{})
	go func() { _ = r.process.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		_ = r.process.Process.Signal(syscall.SIGABRT)
		r.t.Fatalf("it does not end; it said %s %s", r.stdout.String(), r.stderr.String())
	}
	return r.process.ProcessState.ExitCode(), time.Since(r.begin)
}

// files returns what is in the segments, joined in order.
func (r *running) files() string {
	r.t.Helper()
	names, _ := filepath.Glob(filepath.Join(r.folder, "*.log"))
	var all strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			r.t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

type line struct {
	Message   string `json:"message"`
	Level     string `json:"log.level"`
	ID        string `json:"event.id"`
	Logger    string `json:"log.logger"`
	Truncated bool   `json:"log.truncated"`
}

// parse checks that every line is one complete JSON object.
func parse(t *testing.T, text string) []line {
	t.Helper()
	if text == "" {
		return nil
	}
	if !strings.HasSuffix(text, "\n") {
		t.Fatalf("it ends within a line: %q", text[max(0, len(text)-100):])
	}
	var lines []line
	for _, one := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		var parsed line
		if err := json.Unmarshal([]byte(one), &parsed); err != nil {
			t.Fatalf("%q: %v", one, err)
		}
		lines = append(lines, parsed)
	}
	return lines
}

func messages(lines []line) string {
	var all []string
	for _, one := range lines {
		all = append(all, one.Message)
	}
	return strings.Join(all, "\n")
}

// both looks whether standard output and the files have the same lines. What a program writes to its two outputs at the same moment has no order.
func (r *running) both() []line {
	r.t.Helper()
	if sorted(r.stdout.String()) != sorted(r.files()) {
		r.t.Fatalf("standard output has %q, the files %q", r.stdout.String(), r.files())
	}
	return parse(r.t, r.files())
}

func sorted(text string) string {
	lines := strings.SplitAfter(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func (r *running) waitFor(text string) {
	r.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(r.stdout.String(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatalf("no %q in %q", text, r.stdout.String())
		}
	}
}
