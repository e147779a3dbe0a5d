package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestBothOutputsBecomeLines(t *testing.T) {
	r := shell(t, `echo out; echo err >&2; printf 'no line end'`)
	r.wait()
	lines := r.both()
	if got := messages(lines); len(lines) != 3 || !strings.Contains(got, "out") || !strings.Contains(got, "err") || !strings.Contains(got, "no line end") {
		t.Error(got)
	}
}

func TestALineIsWrittenAtOnce(t *testing.T) {
	r := shell(t, "echo first; sleep 20")
	r.waitFor("first")
	if !strings.Contains(r.files(), "first") {
		time.Sleep(100 * time.Millisecond) // the two sinks do not wait for each other
		if !strings.Contains(r.files(), "first") {
			t.Error("the file lacks it")
		}
	}
	_ = r.process.Process.Signal(syscall.SIGTERM)
	r.wait()
}

func TestNothingOfAHugeLineIsLost(t *testing.T) {
	r := shell(t, `echo before; head -c 300000 /dev/zero | tr '\0' 'x'; echo END; echo after`)
	r.wait()
	lines := r.both()
	joined := ""
	for _, one := range lines[1 : len(lines)-1] {
		if !one.Truncated || len(one.Message) > 65536 {
			t.Errorf("a piece of %d bytes, truncated: %t", len(one.Message), one.Truncated)
		}
		joined += one.Message
	}
	if joined != strings.Repeat("x", 300000)+"END" || lines[0].Message != "before" || lines[len(lines)-1].Message != "after" || lines[0].Truncated || len(lines) != 7 {
		t.Errorf("%d lines, %d bytes", len(lines), len(joined))
	}
}

func TestWhatIsNotUTF8IsStillJSON(t *testing.T) {
	r := shell(t, `printf 'a\377\376b\n{"message":"c\377"}\n\000\n'`)
	r.wait()
	if got := messages(r.both()); got != "a�b\nc�\n\x00" {
		t.Errorf("%q", got)
	}
}

func TestLinesOfBothOutputsNeverMix(t *testing.T) {
	const count = 3000
	script := `i=0; while [ $i -lt %d ]; do printf '%s %%d ' $i; echo 0123456789012345678901234567890123456789; i=$((i+1)); done`
	r := shell(t, fmt.Sprintf("("+script+") & ("+script+") >&2; wait", count, "out", count, "err"))
	r.wait()
	next := map[string]int{}
	ids := map[string]bool{}
	for _, one := range parse(t, r.files()) {
		var stream, rest string
		var number int
		if n, err := fmt.Sscanf(one.Message, "%s %d %s", &stream, &number, &rest); n != 3 || err != nil || number != next[stream] || len(rest) != 40 {
			t.Fatalf("%q, want number %d", one.Message, next[stream])
		}
		next[stream]++
		ids[one.ID] = true
	}
	if next["out"] != count || next["err"] != count || len(ids) != 2*count {
		t.Errorf("%v, %d ids", next, len(ids))
	}
}

func TestFilesAreBounded(t *testing.T) {
	r := shell(t, `seq 1 2000`, "LOG_SEGMENT_BYTES=4096", "LOG_SEGMENTS=3")
	r.wait()
	names, _ := filepath.Glob(filepath.Join(r.folder, "*"))
	if len(names) != 3 {
		t.Fatal(names)
	}
	for _, name := range names {
		if status, err := os.Stat(name); err != nil || status.Size() > 4096 || status.Mode().Perm() != 0o644 {
			t.Errorf("%s: %v %v", name, status, err)
		}
	}
	lines := parse(t, r.files())
	for at, one := range lines {
		if want := fmt.Sprint(2001 - len(lines) + at); one.Message != want {
			t.Fatalf("got %s, want %s", one.Message, want)
		}
	}
	if host, _ := os.Hostname(); !strings.HasPrefix(filepath.Base(names[0]), host+"-000") {
		t.Error(names)
	}
}

func TestWithoutALogFolderThereIsOnlyStandardOutput(t *testing.T) {
	r := prepare(t, []string{"echo", "x"}, "LOG_DIR=/no/such/folder").start()
	if code, _ := r.wait(); code != 0 || messages(parse(t, r.stdout.String())) != "x" || r.stderr.String() != "" {
		t.Errorf("%d %s %s", code, r.stdout.String(), r.stderr.String())
	}
}

func TestAStandardOutputThatNobodyReadsBlocksNothing(t *testing.T) {
	const count = 32_000 // about 5.5 MB as JSON: more than standard output's queue and the pipe hold, less than the files' queue
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	r := prepare(t, []string{"--", "seq", "1", fmt.Sprint(count)})
	r.process.Stdout = writer
	r.start()
	_ = writer.Close()
	code, took := r.wait()
	lines := parse(t, r.files())
	programs := 0
	complaint := ""
	for _, one := range lines {
		if one.Logger == "log-run" {
			complaint = one.Message
			continue
		}
		programs++
		if one.Message != fmt.Sprint(programs) {
			t.Fatalf("got %s, want %d", one.Message, programs)
		}
	}
	if code != 0 || took > 20*time.Second || programs != count || !strings.Contains(complaint, "lines were dropped: standard output") {
		t.Errorf("exit code %d after %s, %d lines, %q", code, took, programs, complaint)
	}
}

func TestAStandardOutputThatFailsIsSaidInTheFiles(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	r := prepare(t, []string{"echo", "x"})
	r.process.Stdout = full
	r.start()
	code, took := r.wait()
	got := messages(parse(t, r.files()))
	if code != 0 || took > 3*time.Second || !strings.Contains(got, "x") {
		t.Errorf("exit code %d after %s: %s", code, took, got)
	}
}

// RLIMIT_FSIZE cuts a write in the middle of a line, as a full disk does, and sends SIGXFSZ.
func TestAFileThatMayNotGrowEndsWithAWholeLine(t *testing.T) {
	r := prepare(t, nil)
	r.process.Args = []string{"sh", "-c", `ulimit -f 8; exec "$0" -- seq 1 200`, r.process.Path} // 8 x 512 bytes
	r.process.Path = "/bin/sh"
	r.start()
	code, _ := r.wait()
	lines := parse(t, r.files())
	if code != 0 || len(lines) == 0 || len(lines) > 30 || len(r.files()) > 4096 {
		t.Errorf("exit code %d, %d lines, %d bytes: %s", code, len(lines), len(r.files()), r.stderr.String())
	}
	all := parse(t, r.stdout.String())
	complaints := 0
	for _, one := range all {
		if one.Logger == "log-run" {
			complaints++
			if one.Level != "warn" || !strings.Contains(one.Message, "lines were dropped") {
				t.Errorf("%+v", one)
			}
		}
	}
	if len(all)-complaints != 200 || complaints == 0 {
		t.Errorf("%d lines and %d complaints on standard output", len(all)-complaints, complaints)
	}
}

func TestAFullDiskStopsNobodyAndRecovers(t *testing.T) {
	folder := needFullDisk(t)
	r := shell(t, `i=0; while [ $i -lt 400 ]; do echo "line $i 0123456789012345678901234567890123456789"; i=$((i+1)); [ $i = 200 ] && sleep 2.5; done; echo done; sleep 2`,
		"LOG_DIR="+folder, "LOG_SEGMENT_BYTES=1048576")
	r.folder = folder
	r.waitFor("line 0 ")
	filler := filepath.Join(folder, "filler")
	_ = exec.Command("dd", "if=/dev/zero", "of="+filler, "bs=1k").Run() // until the disk is full
	r.waitFor("no space left on device")
	_ = os.Remove(filler)
	code, _ := r.wait()
	var program []string
	for _, one := range parse(t, r.files()) {
		if one.Logger == "" {
			program = append(program, one.Message)
		}
	}
	if code != 0 || len(program) != 401 || program[400] != "done" {
		t.Errorf("exit code %d, %d lines in the files", code, len(program))
	}
	if !strings.Contains(r.stdout.String(), "lines were dropped: "+folder) {
		t.Error("standard output does not say it")
	}
}

// needFullDisk returns a folder on a tmpfs of 1 MiB.
func needFullDisk(t *testing.T) string {
	t.Helper()
	var disk syscall.Statfs_t
	const tmpfs = 0x01021994
	if err := syscall.Statfs("/full", &disk); err != nil || disk.Type != tmpfs || disk.Blocks*uint64(disk.Bsize) > 16<<20 {
		t.Skip("no small disk to fill: run the test image with --tmpfs /full:size=1m")
	}
	folder, err := os.MkdirTemp("/full", "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}
