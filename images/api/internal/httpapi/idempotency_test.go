package httpapi

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestARepeatedRequestIsAnsweredAsTheFirst(t *testing.T) {
	f := newFixture()
	wantStatus(t, f.send("PUT", "/v1/items/old", `{"value":1}`), 201)
	for _, request := range []struct {
		method, path, body string
		headers            []string
		status             int
	}{
		{"PUT", "/v1/items/k", `{"value":1,"ttlSeconds":60}`, []string{"Idempotency-Key: a"}, 201},
		{"PUT", "/v1/items/k", `{"value":1}`, []string{"Idempotency-Key: b", "If-None-Match: *"}, 412},
		{"POST", "/v1/counters/k", `{"by":3}`, []string{"Idempotency-Key: c"}, 200},
		{"POST", "/v1/counters/k", "", []string{"Idempotency-Key: d"}, 200},
		{"POST", "/v1/counters/k", `{"by":9223372036854775807}`, []string{"Idempotency-Key: e"}, 409},
		{"DELETE", "/v1/items/old", "", []string{"Idempotency-Key: f"}, 204},
		{"DELETE", "/v1/items/none", "", []string{"Idempotency-Key: g"}, 404},
	} {
		first := f.send(request.method, request.path, request.body, request.headers...)
		again := f.send(request.method, request.path, request.body, request.headers...)
		for i, answer := range []*httptest.ResponseRecorder{first, again} {
			if want := []string{"", "true"}[i]; answer.Code != request.status || answer.Header().Get("Idempotency-Replayed") != want {
				t.Errorf("%s %s, number %d: %d %s, replayed %q", request.method, request.path, i, answer.Code, answer.Body, answer.Header().Get("Idempotency-Replayed"))
			}
		}
		if request.status < 300 && (first.Body.String() != again.Body.String() || first.Header().Get("ETag") != again.Header().Get("ETag")) {
			t.Errorf("%s and %s", first.Body, again.Body)
		}
	}
	if counter := f.send("GET", "/v1/counters/k", ""); counter.Body.String() != `{"key":"k","value":4}`+"\n" {
		t.Error(counter.Body)
	}
}

func TestAKeyThatWasUsedForAnotherRequestIsRefused(t *testing.T) {
	f := newFixture()
	wantStatus(t, f.send("PUT", "/v1/items/k", `{"value":1}`, "Idempotency-Key: a"), 201)
	for _, other := range [][3]string{{"PUT", "/v1/items/k", `{"value":2}`}, {"DELETE", "/v1/items/k", ""}, {"POST", "/v1/counters/k", ""}} {
		answer := f.send(other[0], other[1], other[2], "Idempotency-Key: a")
		wantProblem(t, answer, 422, "idempotency_key_reused")
		if answer.Header().Get("Idempotency-Replayed") != "" {
			t.Error("it says that it was replayed")
		}
	}
}

func TestIdempotencyKeysThatCannotBeUsed(t *testing.T) {
	f := newFixture()
	for _, key := range []string{"", strings.Repeat("k", 129), "a b", "é"} {
		for _, request := range [][3]string{{"PUT", "/v1/items/k", `{"value":1}`}, {"DELETE", "/v1/items/k", ""}, {"POST", "/v1/counters/k", ""}} {
			wantProblem(t, f.send(request[0], request[1], request[2], "Idempotency-Key: "+key), 400, "invalid_idempotency_key")
		}
	}
	twice := httptest.NewRequest("POST", "/v1/counters/k", nil)
	twice.Header["Idempotency-Key"] = []string{"a", "a"}
	answer := httptest.NewRecorder()
	f.api.ServeHTTP(answer, twice)
	wantProblem(t, answer, 400, "invalid_idempotency_key")
	wantProblem(t, f.send("GET", "/v1/counters/k", "", "Idempotency-Key: "), 404, "not_found") // nothing to repeat
	wantStatus(t, f.send("PUT", "/v1/items/k", `{"value":1}`, "Idempotency-Key: "+strings.Repeat("k", 128)), 201)
}
