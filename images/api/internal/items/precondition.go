package items

// Precondition says what must be true of the stored item for a write to happen. The repository checks it
// and writes in one atomic step. The zero value always holds.
type Precondition struct {
	// MustExist is `If-Match: *`.
	MustExist bool
	// MustNotExist is `If-None-Match: *`.
	MustNotExist bool
	// Versions is `If-Match: "1", "2"`: the item exists and has one of these. Nil means that any version will
	// do; an empty list that is not nil matches nothing.
	Versions []int64
}
