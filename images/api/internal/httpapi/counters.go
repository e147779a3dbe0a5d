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
	fields, err := a.readObject(w, r, "by")
	if err != nil {
		return err
	}
	by, err := wholeNumber(fields, "by", 1)
	if err != nil {
		return err
	}
	key := r.PathValue("key")
	value, err := a.service.Increment(r.Context(), key, by)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, counterBody{key, value})
	return nil
}
