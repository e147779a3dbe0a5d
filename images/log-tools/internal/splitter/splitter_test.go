package splitter

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

type emitted struct {
	text string
	cut  bool
}

// split feeds the text in parts of at most `most` bytes.
func split(text string, most int) []emitted {
	var lines []emitted
	s := New(func(line []byte, cut bool) { lines = append(lines, emitted{string(line), cut}) })
	for len(text) > 0 {
		n := copy(s.Space(), text[:min(most, len(text))])
		s.Take(n)
		text = text[n:]
	}
	s.End()
	return lines
}

func TestLines(t *testing.T) {
	long := strings.Repeat("0123456789", 20_000) // 200,000 bytes
	wide := strings.Repeat("é", MaxLine/2) + "é" // the last character does not fit
	shifted := "x" + strings.Repeat("é", MaxLine/2)
	rows := []struct {
		name, text string
		want       []emitted
	}{
		{"lines", "a\nb\n", []emitted{{"a", false}, {"b", false}}},
		{"no line end at the end", "a\nb", []emitted{{"a", false}, {"b", false}}},
		{"CRLF", "a\r\nb\r", []emitted{{"a", false}, {"b", false}}},
		{"empty lines", "\n\r\n\na\n\n", []emitted{{"a", false}}},
		{"as long as allowed", long[:MaxLine] + "\nb\n", []emitted{{long[:MaxLine], false}, {"b", false}}},
		{"too long", long + "\nb\n", []emitted{{long[:MaxLine], true}, {long[MaxLine : 2*MaxLine], true}, {long[2*MaxLine : 3*MaxLine], true}, {long[3*MaxLine:], true}, {"b", false}}},
		{"too long without a line end", long[:MaxLine+1], []emitted{{long[:MaxLine], true}, {long[MaxLine : MaxLine+1], true}}},
		{"cut between characters", wide, []emitted{{strings.Repeat("é", MaxLine/2), true}, {"é", true}}},
		{"cut between characters that stand oddly", shifted, []emitted{{shifted[:MaxLine-1], true}, {shifted[MaxLine-1:], true}}},
	}
	for _, row := range rows {
		for _, most := range []int{1, 7, 4096, MaxLine, 2 * MaxLine} {
			if got := split(row.text, most); !slices.Equal(got, row.want) {
				t.Errorf("%s, %d bytes at a time: %d lines, want %d", row.name, most, len(got), len(row.want))
			}
		}
	}
}

func FuzzNothingIsLost(f *testing.F) {
	f.Add([]byte("a\nb"), uint64(1))
	f.Add(bytes.Repeat([]byte("\xf0\x9f\x98\x80"), MaxLine), uint64(2))
	f.Add(bytes.Repeat([]byte("\xff\x80"), MaxLine), uint64(3))
	f.Fuzz(func(t *testing.T, text []byte, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		text = bytes.ReplaceAll(text, []byte("\r"), nil)
		for range random.IntN(4) {
			text = append(text, text[:min(len(text), 100_000)]...)
		}
		var joined []byte
		for _, line := range split(string(text), 1+random.IntN(2*MaxLine)) {
			if len(line.text) > MaxLine || len(line.text) == 0 {
				t.Fatalf("a line of %d bytes", len(line.text))
			}
			if utf8.Valid(text) && !utf8.ValidString(line.text) {
				t.Fatal("a character was cut in two")
			}
			joined = append(joined, line.text...)
		}
		if !bytes.Equal(joined, bytes.ReplaceAll(text, []byte("\n"), nil)) {
			t.Fatal("something was lost or changed")
		}
	})
}
