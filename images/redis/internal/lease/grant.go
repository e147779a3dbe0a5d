package lease

import "time"

// step is how much longer a lease must become to be worth a command.
const step = 10 * time.Millisecond

// Command is what is to be sent to the own server.
type Command string

// The commands.
const (
	Nothing Command = ""
	Extend  Command = "RP.LEASE" // until Decision.Until
	End     Command = "RP.FENCE"
)

// Grant is what the own server was told. Deadlines are absolute, so a command that the server reads late does no harm.
type Grant struct {
	Ends   Moment // of what it is known to have taken; 0: none
	beyond Moment // of what it may have taken, at the latest
}

// Next says what to send. A lease is ended again and again while an extension may still wait, unread, in the server's socket.
func (g *Grant) Next(now Moment, d Decision) Command {
	switch {
	case d.Against && g.beyond > now:
		return End
	case !d.Against && d.Until > now && d.Until > g.Ends+step:
		return Extend
	default:
		return Nothing
	}
}

// Sent notes how it went.
func (g *Grant) Sent(command Command, d Decision, err error) {
	switch {
	case command == Extend:
		g.beyond = max(g.beyond, d.Until)
		if err == nil {
			g.Ends = d.Until
		}
	case command == End && err == nil:
		g.Ends = 0
	}
}
