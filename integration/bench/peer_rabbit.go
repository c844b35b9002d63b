package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	rabbitServer  = "/usr/lib/rabbitmq/bin/rabbitmq-server"
	rabbitControl = "/usr/lib/rabbitmq/bin/rabbitmqctl"
)

func rabbitMissing(*tools) string { return has(rabbitServer, "apt-get install rabbitmq-server") }

// startRabbit starts Debian's RabbitMQ, whose queues are to be of a type.
func startRabbit(queueType string) func(*tools, string) (*Running, error) {
	return func(_ *tools, dir string) (*Running, error) {
		r, err := startRabbitServer(dir)
		if err == nil {
			r.QueueType = queueType
		}
		return r, err
	}
}

// startRabbitServer starts it as whoever runs this, with a port mapper of its
// own, so that no daemon stays behind.
func startRabbitServer(dir string) (*Running, error) {
	ports, err := freePorts(5)
	if err != nil {
		return nil, err
	}
	addrs := map[string]string{"amqp": local(ports[0]), "mqtt": local(ports[1]), "stomp": local(ports[2])}
	files := map[string]string{
		"plugins": "[rabbitmq_mqtt,rabbitmq_stomp].\n",
		"rabbit.conf": fmt.Sprintf("listeners.tcp.1 = %s\nmqtt.listeners.tcp.1 = %s\nstomp.listeners.tcp.1 = %s\n",
			addrs["amqp"], addrs["mqtt"], addrs["stomp"]),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	env := append(os.Environ(),
		"HOME="+dir,
		"ERL_EPMD_ADDRESS=127.0.0.1", fmt.Sprint("ERL_EPMD_PORT=", ports[3]),
		"RABBITMQ_NODENAME=bench@localhost",
		"RABBITMQ_NODE_IP_ADDRESS=127.0.0.1", fmt.Sprint("RABBITMQ_NODE_PORT=", ports[0]), fmt.Sprint("RABBITMQ_DIST_PORT=", ports[4]),
		"RABBITMQ_MNESIA_BASE="+dir+"/data", "RABBITMQ_LOG_BASE="+dir+"/logs", "RABBITMQ_PID_FILE="+dir+"/pid",
		"RABBITMQ_ENABLED_PLUGINS_FILE="+dir+"/plugins", "RABBITMQ_CONFIG_FILE="+dir+"/rabbit.conf",
		"RABBITMQ_GENERATED_CONFIG_DIR="+dir+"/generated",
	)
	mapper := exec.Command("epmd", "-port", fmt.Sprint(ports[3]))
	mapper.Env = env
	m, err := launch(mapper, nil)
	if err != nil {
		return nil, err
	}
	server := exec.Command(rabbitServer)
	server.Env, server.Dir = env, dir
	r, err := start("rabbitmq", dir, server, addrs)
	if err != nil {
		m.stop()
		return nil, err
	}
	r.processes = append(r.processes, m)
	r.Collect = func() error {
		ctl := exec.Command(rabbitControl, "force_gc")
		ctl.Env, ctl.Dir = env, dir
		out, err := ctl.CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		return err
	}
	return r, nil
}
