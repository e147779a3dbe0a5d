package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What a batch's sender sees for an answer of Elasticsearch.
func throughGate(t *testing.T, path string, status int, body string) (int, string, error) {
	t.Helper()
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	defer node.Close()
	gate := httptest.NewServer(NewGate(node.URL, "shipper", NewStore()))
	defer gate.Close()
	request, err := http.NewRequest(http.MethodPost, gate.URL+path, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("shipper", "x")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

func items(statuses ...int) string {
	texts := []string{}
	for _, status := range statuses {
		texts = append(texts, fmt.Sprintf(`{"create":{"_id":"x","status":%d}}`, status))
	}
	return `{"errors":true,"took":1,"items":[` + strings.Join(texts, ",") + `]}`
}

func TestABatchIsAnsweredOnlyWhenNothingOfItCouldBeStoredLater(t *testing.T) {
	cases := map[string]struct {
		status int
		body   string
		passes bool
	}{
		"all stored":                             {200, `{"errors":false,"took":1,"items":[{"create":{"status":201}}]}`, true},
		"some stored before":                     {200, items(201, 409), true},
		"one that can never be stored":           {200, items(201, 400), true},
		"one for which there was no room":        {200, items(201, 429), false},
		"one that a full disk kept out":          {200, items(403, 400), false},
		"one whose index is still being made":    {200, items(503), false},
		"a wrong password":                       {401, `{"error":{}}`, false},
		"a day for which there was no room":      {200, full, false},
		"too many requests":                      {429, `{"error":{}}`, false},
		"a node that is starting":                {503, `{"error":{}}`, false},
		"an answer that is no answer to a batch": {200, `<html>`, false},
		"an answer that was cut in the middle":   {200, items(201)[:30], false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			status, body, err := throughGate(t, "/_bulk", c.status, c.body)
			if c.passes && (err != nil || status != c.status || !strings.Contains(body, `"errors":false`) || strings.Count(body, `"status":201`) != strings.Count(c.body, `"status"`)) {
				t.Errorf("got %d %q %v, want all stored", status, body, err)
			}
			if !c.passes && err == nil {
				t.Errorf("got %d %q, want no answer", status, body)
			}
		})
	}
}

const full = `{"errors":true,"took":1,"items":[{"create":{"_index":"lines-2026.11.22","_id":"a","status":400,"error":{"type":"validation_exception",` +
	`"reason":"Validation Failed: 1: this action would add [1] shards, but this cluster currently has [1000]/[1000] maximum normal shards open;"}}},` +
	`{"create":{"_id":"b","status":201}}]}`

func TestALineThatIsRefusedForGoodIsToldWithItsReasonAndNoOther(t *testing.T) {
	var told bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&told, nil)))
	defer slog.SetDefault(before)
	body := `{"errors":true,"items":[{"create":{"_id":"good","status":201}},{"create":{"_id":"bad","status":400,"error":{"type":"document_parsing_exception","reason":"r","caused_by":{"reason":"c"}}}},{"create":{"_id":"before","status":409}}]}`
	if _, _, err := throughGate(t, "/_bulk", 200, body); err != nil {
		t.Fatal(err)
	}
	if text := told.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, `"bad"`) || !strings.Contains(text, "document_parsing_exception r c") {
		t.Errorf("told %q", text)
	}
}

func TestAPatientClientOfAFullStoreIsToldToComeAgain(t *testing.T) {
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, full) }))
	defer node.Close()
	gate := httptest.NewServer(NewGate(node.URL, "", NewStore()))
	defer gate.Close()
	answer, err := http.Post(strings.Replace(gate.URL, "//", "//shipper:x@", 1)+"/_bulk", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || !strings.Contains(string(text), `"status":429`) || !strings.Contains(string(text), `"status":201`) {
		t.Errorf("got %s %v", text, err)
	}
}

func TestAStoreThatRefusesForLongIsNotHealthyUntilItTakesALine(t *testing.T) {
	now := time.Now()
	store := NewStore()
	store.now = func() time.Time { return now }
	for range 3 {
		store.Refuse("no room")
		if trouble := store.Trouble(); trouble != "" {
			t.Errorf("after a moment: %s", trouble)
		}
		now = now.Add(troubleAfter / 3)
	}
	if trouble := store.Trouble(); !strings.Contains(trouble, "no room") {
		t.Errorf("after %s: %q", troubleAfter, trouble)
	}
	gate := httptest.NewServer(NewGate("http://127.0.0.1:1", "shipper", store))
	defer gate.Close()
	err := checkHealth(gate.Listener.Addr().String())
	if err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("health: %v", err)
	}
	store.Accept()
	if err := checkHealth(gate.Listener.Addr().String()); err != nil {
		t.Error(err)
	}
	select {
	case <-store.Refused():
	default:
		t.Error("retention was not told")
	}
}

func TestOtherRequestsAreAnsweredAsElasticsearchAnswers(t *testing.T) {
	for _, status := range []int{200, 401, 404, 503} {
		got, body, err := throughGate(t, "/logs-1/_search", status, `{"x":1}`)
		if err != nil || got != status || body != `{"x":1}` {
			t.Errorf("got %d %q %v, want %d", got, body, err, status)
		}
	}
}

func TestANodeThatIsGoneIsABadGatewayToReadersAndSilenceToShippers(t *testing.T) {
	gate := httptest.NewServer(NewGate("http://127.0.0.1:1", "shipper", NewStore()))
	defer gate.Close()
	answer, err := http.Get(gate.URL + "/_search")
	if err != nil || answer.StatusCode != http.StatusBadGateway {
		t.Errorf("got %v %v", answer, err)
	}
	if answer, err := http.Post(strings.Replace(gate.URL, "//", "//shipper:x@", 1)+"/_bulk", "application/json", nil); err == nil {
		t.Errorf("a shipper got %s", answer.Status)
	}
	if answer, err := http.Get(gate.URL + healthPath); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("health: %v %v", answer, err)
	}
}
