// What bench/startup_bench.ts starts: a program that needs npm:yaml and does nothing.
import "yaml";
