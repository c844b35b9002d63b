package main

import "fmt"

const noBroker = "floor" // the peer that says what the machine allows (floor.go)

// allowed is a table of what the floor reached: how near to it Slipway is, and
// how far above the fastest other it is, which no target can pass.
func (rep *report) allowed() section {
	s := section{
		Title: "What the machine allows",
		Head:  []string{"scenario", "floor, messages/s", "slipway / floor", "the fastest other", "floor / it", "slipway / it", "cores: clients + floor", "clients + slipway"},
		Note:  "The floor logs and passes on and does nothing else (floor.go). Cores: how many were busy; with as many as there are, the processors are the limit, with less the disk or turns between clients and broker.",
	}
	for _, sc := range scenarios {
		floor := rep.median(sc.Name, noBroker, Result.rate)
		if floor == 0 {
			continue
		}
		ours := rep.median(sc.Name, "slipway", Result.rate)
		name, best := rep.fastestOther(sc.Name)
		s.Rows = append(s.Rows, []string{
			sc.Name, fmt.Sprintf("%.0f", floor), share(ours, floor), name, share(floor, best), share(ours, best),
			rep.cores(sc.Name, noBroker), rep.cores(sc.Name, "slipway"),
		})
	}
	return s
}

// cores is how many processors the clients and a peer kept busy.
func (rep *report) cores(scenario, peer string) string {
	clients := rep.median(scenario, peer, func(r Result) float64 { return r.Client.Seconds() / r.Elapsed.Seconds() })
	broker := rep.median(scenario, peer, func(r Result) float64 { return r.Broker.Seconds() / r.Elapsed.Seconds() })
	return fmt.Sprintf("%.2f + %.2f", clients, broker)
}

// fastestOther is neither Slipway nor without a broker.
func (rep *report) fastestOther(scenario string) (name string, best float64) {
	for _, r := range rep.running {
		if r.Name == "slipway" || r.Name == noBroker || r.Name == "nothing" {
			continue
		}
		if rate := rep.median(scenario, r.Name, Result.rate); rate > best {
			name, best = r.Name, rate
		}
	}
	return name, best
}

func share(a, b float64) string {
	if a == 0 || b == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", a/b)
}
