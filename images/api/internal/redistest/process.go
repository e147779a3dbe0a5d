// Package redistest starts real redis-server processes and Sentinels for tests.
package redistest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Process is one redis-server, as a data node or as a Sentinel.
type Process struct {
	Address string
	t       testing.TB
	folder  string
	args    []string
	command *exec.Cmd
}

// newProcess writes the configuration and starts nothing.
func newProcess(t testing.TB, port int, configuration string, args ...string) *Process {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not on PATH: install it (Debian: apt-get install redis-server) to run this test")
	}
	folder := t.TempDir()
	file := filepath.Join(folder, "redis.conf")
	text := fmt.Sprintf("port %d\nbind 127.0.0.1\nprotected-mode no\ndir %s\nlogfile %s/log\n%s", port, folder, folder, configuration)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return &Process{Address: fmt.Sprintf("127.0.0.1:%d", port), t: t, folder: folder, args: append([]string{file}, args...)}
}

// Start starts the process and waits until it takes connections.
func (p *Process) Start() {
	p.t.Helper()
	p.command = exec.Command("redis-server", p.args...)
	if err := p.command.Start(); err != nil {
		p.t.Fatal(err)
	}
	started := p.command
	p.t.Cleanup(func() {
		_ = started.Process.Kill()
		_ = started.Wait()
		if p.t.Failed() {
			log, _ := os.ReadFile(filepath.Join(p.folder, "log"))
			p.t.Logf("log of %s, last lines:\n%s", p.Address, log[max(0, len(log)-2000):])
		}
	})
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", p.Address)
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("redis-server on %s does not listen: %v", p.Address, err)
		}
	}
}

// Kill is SIGKILL: nothing is saved and nobody is told.
func (p *Process) Kill() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
}

// Freeze stops the process while its connections stay open, like `docker pause`.
func (p *Process) Freeze() { _ = p.command.Process.Signal(syscall.SIGSTOP) }

// Thaw ends Freeze.
func (p *Process) Thaw() { _ = p.command.Process.Signal(syscall.SIGCONT) }

// freePorts holds all of them open until it has enough, so that they differ.
func freePorts(t testing.TB, count int) []int {
	t.Helper()
	var ports []int
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = listener.Close() }()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports
}
