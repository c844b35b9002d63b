package main

import (
	"os"
	"os/exec"
	"path/filepath"
)

// startFloor runs this program once more as the least of a broker (floor.go), a
// process of its own, so that its CPU is told from the clients'.
func startFloor(_ *tools, dir string) (*Running, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(len(floorDoors))
	if err != nil {
		return nil, err
	}
	log := filepath.Join(dir, "segments")
	if err := os.Mkdir(log, 0o700); err != nil {
		return nil, err
	}
	args, addrs := []string{"floor", log}, map[string]string{}
	for i, door := range floorDoors {
		addrs[door.protocol] = local(ports[i])
		args = append(args, local(ports[i]))
	}
	return start("floor", dir, exec.Command(self, args...), addrs)
}
