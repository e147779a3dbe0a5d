package httpapi

import "net/http"

type counterBody struct {
	Key   string `json:"key"`
	Value int64  `json:"value"`
}

func (a *API) getCounter(w http.ResponseWriter, r *http.Request) error {
	key := r.PathValue("key")
	value, err := a.service.Counter(r.Context(), key)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, counterBody{key, value})
	return nil
}

// incrementCounter takes {"by": n} or no body at all, which counts one up.
func (a *API) incrementCounter(w http.ResponseWriter, r *http.Request) error {
	for _, name := range []string{"If-Match", "If-None-Match"} {
		if len(r.Header.Values(name)) > 0 {
			return badHeader("%s is not supported here, as counters have no ETag: send an Idempotency-Key to count once.", name)
		}
	}
	fields, err := a.readObject(r, "by")
	if err != nil {
		return err
	}
	by, err := wholeNumber(fields, "by", 1)
	if err != nil {
		return err
	}
	once, err := idempotencyKeyOf(r)
	if err != nil {
		return err
	}
	key := r.PathValue("key")
	value, replayed, err := a.service.Increment(r.Context(), key, by, once)
	tellReplayed(w, replayed)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, counterBody{key, value})
	return nil
}
