package main

import "fmt"

// Level says whether a forced failover may be asked for, and if not, why.
//
// SENTINEL FAILOVER chooses within ~0.2 s by offsets which that Sentinel read up to 1 s ago (10 s if it does not send INFO to
// the replicas each second yet), so it may prefer a replica that lags over the one that confirmed the last writes. That is harmless only while all
// replicas hold the same stream up to the same byte. In any doubt the plain failover after down-after is left to do it: by
// then the Sentinels have asked every replica again, after the master's last write.
//
// offset is the master's, or -1 when it can't be asked any more.
func Level(self string, peers []Peer, offset int64) (level bool, reason string) {
	electable := 0
	replicationID := ""
	for _, peer := range peers {
		info := peer.Info
		switch {
		case peer.Reach == Refused:
			continue // nobody is there to be elected
		case peer.Reach != Answered:
			return false, fmt.Sprintf("peer %s is %s, so how far it got is unknown", peer.Address, peer.Reach)
		case info.Role != "slave" || info.MasterHost != self:
			return false, fmt.Sprintf("peer %s is no replica of this node", peer.Address)
		}
		if offset < 0 {
			offset = info.Offset
		}
		if replicationID == "" {
			replicationID = info.ReplicationID
		}
		if info.Offset != offset || info.ReplicationID != replicationID {
			return false, fmt.Sprintf("peer %s is at %d of %d", peer.Address, info.Offset, offset)
		}
		if info.Electable() {
			electable++
		}
	}
	if electable == 0 {
		return false, "no replica can be elected"
	}
	return true, ""
}
