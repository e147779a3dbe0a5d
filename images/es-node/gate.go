package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

const healthPath = "/health"

// errRetry stands for no answer at all.
var errRetry = errors.New("the batch has to be sent again")

// NewGate passes requests on to Elasticsearch, except that a shipper gets no answer at all to a batch that could be stored later.
//
// rsyslog (8.2504) gives lines up when a batch is answered with an error, be it a wrong password while passwords are being changed, and sends
// them again when the connection breaks. Each line has its own id, so what was stored of a batch is not stored twice.
//
// Only answers to the user `impatient` are withheld: other clients, such as Logstash and Kibana, know what to do with them.
func NewGate(target, impatient string) http.Handler {
	to, err := url.Parse(target)
	if err != nil {
		panic(err) // a constant
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	isBatch := func(r *http.Request) bool {
		user, _, _ := r.BasicAuth()
		return impatient != "" && user == impatient && strings.HasSuffix(r.URL.Path, "/_bulk")
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
			return judgeBatch(answer)
		}
		return nil
	}
	proxy.ErrorHandler = func(w http.ResponseWriter, r *http.Request, _ error) {
		if isBatch(r) {
			panic(http.ErrAbortHandler)
		}
		http.Error(w, "Elasticsearch does not answer", http.StatusBadGateway)
	}
	mux := http.NewServeMux()
	// The gate is open only once everything is in place.
	mux.HandleFunc("GET "+healthPath, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ready") })
	mux.Handle("/", proxy)
	return mux
}

func judgeBatch(answer *http.Response) error {
	if answer.StatusCode >= 300 {
		return errRetry
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return errRetry
	}
	_ = answer.Body.Close()
	answer.Body = io.NopCloser(bytes.NewReader(body))
	if !mayPass(body) {
		return errRetry
	}
	return nil
}

// mayPass: every line was stored now (2xx), was stored before (409), or can never be (400).
func mayPass(body []byte) bool {
	var reply struct {
		Errors bool `json:"errors"`
		Items  []map[string]struct {
			Status int `json:"status"`
		} `json:"items"`
	}
	// Nearly always true, and then the rest need not be read.
	if bytes.HasPrefix(body, []byte(`{"errors":false`)) {
		return true
	}
	if json.Unmarshal(body, &reply) != nil {
		return false
	}
	for _, item := range reply.Items {
		for _, result := range item {
			if result.Status >= 300 && result.Status != http.StatusConflict && result.Status != http.StatusBadRequest {
				return false
			}
		}
	}
	return true
}
