package sink

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// files returns the names in a folder, in order.
func files(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, s *Segments, lines string) {
	t.Helper()
	if n, err := s.Write([]byte(lines)); n != len(lines) || err != nil {
		t.Fatalf("%d of %d bytes: %v", n, len(lines), err)
	}
}

func TestSegmentsEndAtALineAndTheOldestGo(t *testing.T) {
	folder := t.TempDir()
	s := NewSegments(folder, "api-0", 100, 3)
	if !s.Open() {
		t.Fatal("the folder is there")
	}
	var all strings.Builder
	for at := range 100 {
		line := fmt.Sprintf("line %03d\n", at) // 9 bytes: 11 fit
		all.WriteString(line)
		if at%10 == 9 {
			write(t, s, all.String())
			all.Reset()
		}
	}
	want := []string{"api-0-00000008.log", "api-0-00000009.log", "api-0-00000010.log"}
	if got := files(t, folder); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	var joined string
	for _, name := range want {
		text := read(t, filepath.Join(folder, name))
		if len(text) > 100 || !strings.HasSuffix(text, "\n") || !strings.HasPrefix(text, "line ") {
			t.Errorf("%s: %q", name, text)
		}
		joined += text
	}
	for at, line := range strings.Split(strings.TrimSpace(joined), "\n") {
		if want := fmt.Sprintf("line %03d", at+100-strings.Count(joined, "\n")); line != want {
			t.Fatalf("%q, want %q", line, want)
		}
	}
}

func TestNumbersGoOnOverRestarts(t *testing.T) {
	folder := t.TempDir()
	other := filepath.Join(folder, "api-00000001.log") // of an instance named api
	for _, name := range []string{"api-00000001.log", "api-0-123.log", "api-0-00000099.log.bak"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 6 {
		s := NewSegments(folder, "api-0", 100, 4)
		s.Open()
		write(t, s, "line\n")
	}
	want := []string{"api-0-00000001.log", "api-0-00000002.log", "api-0-00000003.log", "api-0-00000004.log", "api-0-00000005.log", "api-0-00000006.log", "api-0-00000099.log.bak", "api-0-123.log", "api-00000001.log"}
	if got := files(t, folder); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if read(t, other) != "x" {
		t.Error("another's file was changed")
	}
}

func TestAProgramThatKeepsEndingLeavesBoundedFilesAndBytes(t *testing.T) {
	folder := t.TempDir()
	for at := range 200 {
		s := NewSegments(folder, "api-0", 100, 4)
		s.Open()
		write(t, s, strings.Repeat("x", at/5)+"\n") // 1 to 40 bytes
		var total int
		all := files(t, folder)
		for _, name := range all {
			total += len(read(t, filepath.Join(folder, name)))
		}
		if len(all) > mostFiles || total > 400 {
			t.Fatalf("after %d starts: %d files, %d bytes", at+1, len(all), total)
		}
	}
}

func TestSegmentsAreReadableToTheShipper(t *testing.T) {
	before := syscall.Umask(0o077)
	defer syscall.Umask(before)
	folder := t.TempDir()
	NewSegments(folder, "api-0", 100, 4).Open()
	status, err := os.Stat(filepath.Join(folder, "api-0-00000001.log"))
	if err != nil || status.Mode().Perm() != 0o644 {
		t.Fatalf("%v %v", status.Mode(), err)
	}
}

func TestALineLargerThanASegmentGetsOneOfItsOwn(t *testing.T) {
	folder := t.TempDir()
	s := NewSegments(folder, "api-0", 10, 9)
	s.Open()
	long := strings.Repeat("x", 50) + "\n"
	write(t, s, "1\n"+long+"2\n")
	for at, want := range []string{"1\n", long, "2\n"} {
		if got := read(t, filepath.Join(folder, fmt.Sprintf("api-0-%08d.log", at+1))); got != want {
			t.Errorf("segment %d is %q", at+1, got)
		}
	}
}

func TestWithoutAFolderThereAreNoFiles(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{missing, file} {
		if NewSegments(folder, "api-0", 100, 4).Open() {
			t.Errorf("%s is no folder", folder)
		}
	}
	const readOnly = "/sys/kernel" // in a container
	if _, err := os.Create(readOnly + "/x"); err != nil && strings.Contains(err.Error(), "read-only") {
		if NewSegments(readOnly, "api-0", 100, 4).Open() {
			t.Errorf("%s is read-only", readOnly)
		}
	} else {
		t.Logf("read-only is not tested: %v", err)
	}
}

func TestAFolderThatComesBackIsWrittenToAgain(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "logs")
	s := NewSegments(folder, "api-0", 10, 4)
	if n, err := s.Write([]byte("1\n")); n != 0 || err == nil {
		t.Fatal(n, err)
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, s, "1\n")
}

// fullDisk is a tmpfs of 1 MiB.
const fullDisk = "/full"

func needFullDisk(t *testing.T) string {
	t.Helper()
	var disk syscall.Statfs_t
	const tmpfs = 0x01021994
	if err := syscall.Statfs(fullDisk, &disk); err != nil || disk.Type != tmpfs || disk.Blocks*uint64(disk.Bsize) > 16<<20 {
		t.Skip("no small disk to fill: run the test image with --tmpfs /full:size=1m")
	}
	folder, err := os.MkdirTemp(fullDisk, "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// fill leaves `left` bytes, or a little less, and returns a function that makes room again.
func fill(t *testing.T, folder string, left int64) func() {
	t.Helper()
	filler, err := os.Create(filepath.Join(folder, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4096)
	var size int64
	for err == nil {
		var n int
		n, err = filler.Write(block)
		size += int64(n)
	}
	if err := filler.Truncate(size - left); err != nil {
		t.Fatal(err)
	}
	_ = filler.Close()
	return func() { _ = os.Remove(filler.Name()) }
}

func TestAFullDiskKeepsWholeLinesOnly(t *testing.T) {
	folder := needFullDisk(t)
	s := NewSegments(folder, "api-0", 1<<20, 4)
	s.Open()
	makeRoom := fill(t, folder, 8192)
	line := strings.Repeat("x", 999) + "\n"
	n, err := s.Write([]byte(strings.Repeat(line, 20)))
	if err == nil || n == 0 || n%1000 != 0 || n == 20_000 {
		t.Fatalf("%d bytes, %v", n, err)
	}
	path := filepath.Join(folder, "api-0-00000001.log")
	if got := read(t, path); len(got) != n || !strings.HasSuffix(got, "x\n") {
		t.Fatalf("%d bytes in the file, %d reported", len(got), n)
	}
	makeRoom()
	write(t, s, "after\n")
	if got := read(t, path); got != strings.Repeat(line, n/1000)+"after\n" {
		t.Fatalf("a line is torn: %d bytes", len(got))
	}
}
