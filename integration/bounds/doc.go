// Package bounds holds the built binary to what it may cost: processor time
// while thousands wait, memory while a consumer is stuck. Figures come from
// the operating system's own accounts of the process, so that they hold on a
// busy machine; how fast things are is the benchmarks' business.
package bounds
