/** How many files containers may have open on an engine that we start: as many as the kernel lets a process have unless told otherwise. */
export const OPEN_FILES = 1_048_576;
