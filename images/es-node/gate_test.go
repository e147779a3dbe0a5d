package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What a batch's sender sees for an answer of Elasticsearch.
func throughGate(t *testing.T, path string, status int, body string) (int, string, error) {
	t.Helper()
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	defer node.Close()
	gate := httptest.NewServer(NewGate(node.URL, "shipper"))
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
		"too many requests":                      {429, `{"error":{}}`, false},
		"a node that is starting":                {503, `{"error":{}}`, false},
		"an answer that is no answer to a batch": {200, `<html>`, false},
		"an answer that was cut in the middle":   {200, items(201)[:30], false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			status, body, err := throughGate(t, "/_bulk", c.status, c.body)
			if c.passes && (err != nil || status != c.status || body != c.body) {
				t.Errorf("got %d %q %v, want the answer itself", status, body, err)
			}
			if !c.passes && err == nil {
				t.Errorf("got %d %q, want no answer", status, body)
			}
		})
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
	gate := httptest.NewServer(NewGate("http://127.0.0.1:1", "shipper"))
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
