package main

import (
	"os"
	"runtime/debug"

	"github.com/slipwaymq/slipway/config"
)

const (
	// storeMemory is what the store takes: four memtables and its cache.
	storeMemory = 4*16<<20 + 32<<20
	// ownMemory is for connections, definitions and the runtime.
	ownMemory = 32 << 20
	// fewMessages is what messages get of any budget, however small.
	fewMessages = 16 << 20
)

// messageMemory is the core's share of limits.memory_budget.
func messageMemory(budget config.Bytes) int64 {
	return max(int64(budget)-storeMemory-ownMemory, int64(budget)/4, min(fewMessages, int64(budget)))
}

// limitMemory has the runtime keep the process within the budget, and collect
// garbage lazily below it: most of what lives are long-lived messages. Who sets
// GOMEMLIMIT or GOGC knows better. A store in memory has as much again.
func limitMemory(cfg config.Config) {
	if _, set := os.LookupEnv("GOMEMLIMIT"); set {
		return
	}
	budget := cfg.Limits.MemoryBudget
	all := max(int64(budget), messageMemory(budget)+storeMemory+ownMemory)
	if cfg.Memory {
		all += int64(budget)
	}
	debug.SetMemoryLimit(all)
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(300)
	}
}
