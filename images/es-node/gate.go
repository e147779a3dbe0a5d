package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
)

const healthPath = "/health"

// errRetry stands for no answer at all.
var errRetry = errors.New("the batch has to be sent again")

type gate struct{ store *Store }

// NewGate passes requests on to Elasticsearch, except that a shipper gets no answer at all to a batch that could be stored later.
//
// rsyslog (8.2504) gives lines up when a batch is answered with an error, be it a wrong password while passwords are being changed, and sends
// them again when the connection breaks. Each line has its own id, so what was stored of a batch is not stored twice.
//
// Only answers to the user `impatient` are withheld: other clients, such as Logstash and Kibana, know what to do with them, but for one: a store
// with too many indices answers 400 as to a line that can never be stored, and gets room soon.
func NewGate(target, impatient string, store *Store) http.Handler {
	g := &gate{store}
	to, err := url.Parse(target)
	if err != nil {
		panic(err) // a constant
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	isBatch := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/_bulk") }
	isImpatient := func(r *http.Request) bool {
		user, _, _ := r.BasicAuth()
		return impatient != "" && user == impatient && isBatch(r)
	}
	direct := proxy.Director
	proxy.Director = func(r *http.Request) {
		direct(r)
		if isBatch(r) {
			r.Header.Del("Accept-Encoding") // the answer is read here
		}
	}
	proxy.ModifyResponse = func(answer *http.Response) error {
		if isBatch(answer.Request) {
			return g.judge(answer, isImpatient(answer.Request))
		}
		return nil
	}
	proxy.ErrorHandler = func(w http.ResponseWriter, r *http.Request, _ error) {
		if isImpatient(r) {
			panic(http.ErrAbortHandler)
		}
		http.Error(w, "Elasticsearch does not answer", http.StatusBadGateway)
	}
	mux := http.NewServeMux()
	// The gate is open only once everything is in place.
	mux.HandleFunc("GET "+healthPath, func(w http.ResponseWriter, _ *http.Request) {
		if trouble := store.Trouble(); trouble != "" {
			http.Error(w, trouble, http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	mux.Handle("/", proxy)
	return mux
}

// judge reads the answer to a batch. What the shipper gets says that all is stored: it would take a line that is refused for its neighbours'
// refusal too, so what can never be stored is told here.
func (g *gate) judge(answer *http.Response, impatient bool) error {
	if answer.StatusCode >= 300 {
		if !impatient {
			return nil
		}
		g.store.Refuse("it answers " + answer.Status)
		return errRetry
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return errRetry
	}
	_ = answer.Body.Close()
	judged, err := judgeBatch(body)
	if err != nil {
		return errRetry
	}
	if judged.later != "" {
		g.store.Refuse(judged.later)
	} else {
		g.store.Accept()
	}
	switch {
	case impatient && judged.later != "":
		return errRetry
	case impatient:
		for _, refused := range judged.refused {
			slog.Warn("a line that Elasticsearch refuses for good", "elasticsearch.document.id", refused.ID, "error.message", refused.reason())
		}
		body = judged.stored
	case judged.full:
		body = judged.patient
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	answer.ContentLength = int64(len(body))
	answer.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}
