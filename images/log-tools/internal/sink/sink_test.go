package sink

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// place is where a sink writes to, as slow or broken as a test wants.
type place struct {
	mu      sync.Mutex
	written bytes.Buffer
	refuse  error
	gate    chan struct{} // nil: open
}

func (p *place) Write(lines []byte) (int, error) {
	if p.gate != nil {
		<-p.gate
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuse != nil {
		return 0, p.refuse
	}
	return p.written.Write(lines)
}

func (p *place) set(refuse error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = refuse
}

func (p *place) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.written.String()
}

func note(message string) []byte { return []byte("NOTE " + message + "\n") }

func eventually(t *testing.T, within time.Duration, check func() error) {
	t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(5 * time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func wantText(p *place, want string) func() error {
	return func() error {
		if got := p.text(); !strings.Contains(got, want) {
			return fmt.Errorf("got %q, want %q", got, want)
		}
		return nil
	}
}

func TestLinesArriveInOrderAndAtOnce(t *testing.T) {
	to := &place{}
	s := New("place", to, 1<<20, note)
	s.Add([]byte("1\n"))
	begin := time.Now()
	eventually(t, time.Second, wantText(to, "1\n"))
	if took := time.Since(begin); took > 50*time.Millisecond {
		t.Logf("the first line took %s", took) // a machine that is busy
	}
	s.Add([]byte("2\n3\n"))
	if lost := s.Close(time.Second); lost != 0 || to.text() != "1\n2\n3\n" {
		t.Errorf("%d lost of %q", lost, to.text())
	}
}

func TestWhatIsDroppedIsCountedWhereItWouldHaveBeen(t *testing.T) {
	to := &place{gate: make(chan struct{})}
	s := New("place", to, 1000, note)
	s.Add([]byte("first\n"))
	eventually(t, 5*time.Second, func() error { // it is on its way
		if waiting, _ := s.queue.waiting(); waiting > 0 {
			return errors.New("the queue holds it")
		}
		return nil
	})
	for at := range 500 { // 10 bytes each: 100 fit
		s.Add([]byte(fmt.Sprintf("%09d\n", at)))
	}
	close(to.gate)
	eventually(t, 5*time.Second, wantText(to, "NOTE"))
	s.Add([]byte("last line\n"))
	s.Close(time.Second)
	got := to.text()
	want := "000000099\nNOTE 400 lines were dropped: place: the queue was full\nlast line\n"
	if !strings.HasPrefix(got, "first\n000000000\n") || !strings.HasSuffix(got, want) || strings.Count(got, "\n") != 103 {
		t.Errorf("%q", got)
	}
}

func TestWhatAPlaceRefusesWaitsAndTheOtherSinkLearnsIt(t *testing.T) {
	broken, other := &place{refuse: errors.New("no space left on device")}, &place{}
	s, beside := New("file", broken, 1<<20, note), New("console", other, 1<<20, note)
	s.ComplainTo(beside)
	s.Add([]byte("1\n"))
	eventually(t, time.Second, wantText(other, "NOTE 0 lines were dropped: file: no space left on device; 1 lines wait\n"))
	s.Add([]byte("2\n"))
	broken.set(nil)
	eventually(t, 3*time.Second, wantText(broken, "1\n2\n"))
	if got := strings.Count(other.text(), "NOTE"); got != 1 {
		t.Errorf("it complained %d times within 30 s", got)
	}
	if s.Close(time.Second) != 0 || beside.Close(time.Second) != 0 {
		t.Error("lines are lost")
	}
}

func TestABlockedSinkComplainsToTheOther(t *testing.T) {
	blocked, other := &place{gate: make(chan struct{})}, &place{}
	s, beside := New("console", blocked, 100, note), New("file", other, 1<<20, note)
	s.ComplainTo(beside)
	beside.ComplainTo(s)
	for range 50 {
		s.Add([]byte("0123456789\n"))
	}
	eventually(t, time.Second, wantText(other, "lines were dropped: console: it takes nothing at the moment"))
	begin := time.Now()
	lost := s.Close(100 * time.Millisecond)
	if took := time.Since(begin); took > time.Second || lost != 50 {
		t.Errorf("closing took %s, %d lost, want all 50", took, lost)
	}
	close(blocked.gate)
	beside.Close(time.Second)
}

func TestBothSinksInTroubleDoNotLockUp(t *testing.T) {
	a, b := &place{gate: make(chan struct{})}, &place{gate: make(chan struct{})}
	first, second := New("a", a, 50, note), New("b", b, 50, note)
	first.ComplainTo(second)
	second.ComplainTo(first)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var all sync.WaitGroup
		for range 4 {
			all.Add(1)
			go func() {
				defer all.Done()
				for range 1000 {
					first.Add([]byte("0123456789\n"))
					second.Add([]byte("0123456789\n"))
				}
			}()
		}
		all.Wait()
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("Add waits")
	}
	close(a.gate)
	close(b.gate)
	first.Close(time.Second)
	second.Close(time.Second)
}

// torn takes a few bytes and fails.
type torn struct {
	bytes.Buffer
	left int
}

func (p *torn) Write(text []byte) (int, error) {
	if len(text) > p.left {
		n, _ := p.Buffer.Write(text[:p.left])
		p.left = 0
		return n, errors.New("full")
	}
	p.left -= len(text)
	return p.Buffer.Write(text)
}

func TestALineThatTheStreamTookInPartIsRepeatedOnALineOfItsOwn(t *testing.T) {
	to := &torn{left: 5}
	s := NewStream(to)
	if n, err := s.Write([]byte("12\n345\n")); n != 3 || err == nil {
		t.Fatal(n, err)
	}
	to.left = 100
	if n, err := s.Write([]byte("345\n")); n != 4 || err != nil || to.String() != "12\n34\n345\n" {
		t.Fatalf("%d %v %q", n, err, to.String())
	}
}
