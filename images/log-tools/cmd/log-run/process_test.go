package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestItEndsWithTheCodeOfItsProgram(t *testing.T) {
	for _, row := range []struct {
		script string
		code   int
	}{
		{"exit 0", 0}, {"exit 3", 3}, {"exit 255", 255}, {"kill -KILL $$", 137}, {"kill -TERM $$", 143}, {"kill -SEGV $$", 139},
	} {
		r := shell(t, "echo said; "+row.script)
		if code, _ := r.wait(); code != row.code || messages(r.both()) != "said" {
			t.Errorf("%s: exit code %d, want %d; it said %s", row.script, code, row.code, r.stdout.String())
		}
	}
}

func TestWrongUseIsSaidAtOnce(t *testing.T) {
	for _, row := range []struct {
		arguments []string
		settings  string
		code      int
		said      string
	}{
		{nil, "A=b", 2, "log-run got no command"},
		{[]string{"--"}, "A=b", 2, "log-run got no command"},
		{[]string{"-x", "true"}, "A=b", 2, `log-run has no option "-x"`},
		{[]string{"true"}, "LOG_SEGMENT_BYTES=1", 2, `LOG_SEGMENT_BYTES is "1": it must be a whole number from 4096 to 1073741824. Leave it out for 8388608`},
		{[]string{"true"}, "LOG_SEGMENTS=x", 2, `LOG_SEGMENTS is "x": it must be a whole number from 2 to 1000. Leave it out for 4`},
		{[]string{"--help"}, "A=b", 0, "log-run [--] COMMAND ARGS..."},
	} {
		r := prepare(t, row.arguments, row.settings).start()
		if code, _ := r.wait(); code != row.code || !strings.Contains(r.stdout.String()+r.stderr.String(), row.said) {
			t.Errorf("%v %s: exit code %d, %s%s", row.arguments, row.settings, code, r.stdout.String(), r.stderr.String())
		}
	}
}

func TestAProgramThatCannotStartIs127AndALine(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"no-such-program", "/no/such/program", folder} {
		r := prepare(t, []string{name}).start()
		code, _ := r.wait()
		lines := r.both()
		if code != 127 || len(lines) != 1 || lines[0].Level != "error" || !strings.HasPrefix(lines[0].Message, fmt.Sprintf("cannot start %q", name)) {
			t.Errorf("%s: exit code %d, %v", name, code, lines)
		}
	}
}

func TestSignalsAreHandedOnOnce(t *testing.T) {
	names := []string{"HUP", "INT", "QUIT", "TERM", "USR1", "USR2", "WINCH", "ALRM", "CONT"}
	numbers := []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH, syscall.SIGALRM, syscall.SIGCONT}
	var script strings.Builder
	for _, name := range names {
		fmt.Fprintf(&script, "trap 'echo got %s' %s; ", name, name)
	}
	r := shell(t, script.String()+"echo ready; while [ ! -e "+t.TempDir()+"/stop ]; do sleep 0.02; done")
	r.waitFor("ready")
	for at, name := range names {
		_ = r.process.Process.Signal(numbers[at])
		r.waitFor("got " + name)
	}
	time.Sleep(100 * time.Millisecond)
	for _, name := range names {
		if got := strings.Count(r.stdout.String(), `"got `+name+`"`); got != 1 {
			t.Errorf("%s came %d times", name, got)
		}
	}
	_ = r.process.Process.Kill()
}

func TestATermEndsTheProgramAndLogRunAtOnce(t *testing.T) {
	r := shell(t, "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.02; done")
	r.waitFor("ready")
	begin := time.Now()
	_ = r.process.Process.Signal(syscall.SIGTERM)
	code, _ := r.wait()
	if took := time.Since(begin); code != 0 || took > time.Second || messages(r.both()) != "ready\nbye" {
		t.Errorf("exit code %d after %s: %s", code, took, r.stdout.String())
	}
}

// HAProxy's master starts a worker that has the same output.
func TestAWorkerThatOutlivesItsMasterHoldsNobodyUp(t *testing.T) {
	for _, row := range []struct {
		name, script, said string
		least, most        time.Duration
	}{
		{"silent", "sleep 20 & echo master", "master", 0, 900 * time.Millisecond},
		{"ends soon", "(sleep 0.1; echo worker) & echo master", "worker", 100 * time.Millisecond, 900 * time.Millisecond},
		{"never stops", "(while :; do echo worker; sleep 0.01; done) & echo master", "worker", 900 * time.Millisecond, 3 * time.Second},
		{"floods", "(trap '' PIPE; exec yes worker) & echo master", "worker", 0, 5 * time.Second},
	} {
		r := shell(t, row.script)
		code, took := r.wait()
		if code != 0 || took < row.least || took > row.most || !strings.Contains(r.stdout.String(), `"`+row.said+`"`) {
			t.Errorf("%s: exit code %d after %s", row.name, code, took)
		}
		parse(t, r.files())
	}
}

func TestOrphansAreReaped(t *testing.T) {
	r := shell(t, "for i in 1 2 3 4 5; do sh -c 'sleep 0.05 & sleep 0.05 & exit'; done; echo started; sleep 5")
	r.waitFor("started")
	var zombies, adopted []string
	for deadline := time.Now().Add(3 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		zombies, adopted = r.children()
		if len(zombies) == 0 && len(adopted) <= 1 || time.Now().After(deadline) {
			break
		}
	}
	if len(zombies) > 0 || len(adopted) != 1 {
		t.Errorf("zombies: %v, children: %v", zombies, adopted)
	}
	_ = r.process.Process.Kill()
}

// children returns those of log-run; zombies are among them.
func (r *running) children() (zombies, all []string) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		text, _ := os.ReadFile(stat)
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		if len(fields) < 2 || fields[1] != fmt.Sprint(r.process.Process.Pid) {
			continue
		}
		all = append(all, string(text))
		if fields[0] == "Z" {
			zombies = append(zombies, string(text))
		}
	}
	return zombies, all
}

func TestStandardInputIsTheProgramsOwn(t *testing.T) {
	r := prepare(t, []string{"cat"})
	r.process.Stdin = strings.NewReader("from outside\n")
	r.start()
	if code, _ := r.wait(); code != 0 || messages(r.both()) != "from outside" {
		t.Error(code, r.stdout.String())
	}
}
