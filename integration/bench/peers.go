package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// peers is everything that is started, in the order of the table's columns.
var peers = []Peer{
	{"slipway", "synced before the answer", nil, noneMissing, startSlipway},
	{"mosquitto", "memory only; as it comes", unconfirmed, mosquittoMissing, startMosquitto("")},
	{"mosquitto-nodelay", "memory only; set_tcp_nodelay", unconfirmed, mosquittoMissing, startMosquitto("set_tcp_nodelay true\n")},
	{"mosquitto-queues", "memory only; max_queued_messages 0", confirmed, mosquittoMissing, startMosquitto(unlimited)},
	{"mosquitto-queues-nodelay", "memory only; max_queued_messages 0, set_tcp_nodelay", confirmed, mosquittoMissing, startMosquitto(unlimited + "set_tcp_nodelay true\n")},
	{"rabbitmq", "synced before the confirm", nil, rabbitMissing, startRabbit},
	{"elasticmq", "memory only", nil, elasticMissing, startElastic},
	{"moto", "memory only", nil, func(t *tools) string { return hasFile(t.path("moto/bin/moto_server")) }, startMoto},
	{"localstack", "memory only", nil, func(t *tools) string { return hasFile(t.path("localstack/bin/python")) }, startLocalstack},
	{"nothing", "answers at once; no broker", func(s *Scenario) bool { return s.Bare }, noneMissing, startNothing},
}

// As it comes, Mosquitto drops what a persistent session is more than 1,000
// messages behind, and without that limit its QoS 0 flood has no end.
const unlimited = "max_queued_messages 0\n"

func confirmed(s *Scenario) bool   { return s.Confirm }
func unconfirmed(s *Scenario) bool { return !s.Confirm }

func noneMissing(*tools) string { return "" }

func mosquittoMissing(*tools) string { return has("mosquitto", "apt-get install mosquitto") }

func startMosquitto(more string) func(*tools, string) (*Running, error) {
	return func(_ *tools, dir string) (*Running, error) {
		ports, err := freePorts(1)
		if err != nil {
			return nil, err
		}
		config := fmt.Sprintf("listener %d 127.0.0.1\nallow_anonymous true\nuser root\n%s", ports[0], more)
		path := filepath.Join(dir, "mosquitto.conf")
		if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
			return nil, err
		}
		return start("mosquitto", dir, exec.Command("mosquitto", "-c", path), map[string]string{"mqtt": local(ports[0])})
	}
}

const rabbitServer = "/usr/lib/rabbitmq/bin/rabbitmq-server"

func rabbitMissing(*tools) string { return has(rabbitServer, "apt-get install rabbitmq-server") }

// startRabbit starts Debian's RabbitMQ as whoever runs this, with a port mapper
// of its own, so that no daemon stays behind.
func startRabbit(_ *tools, dir string) (*Running, error) {
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
	return r, nil
}

func elasticMissing(t *tools) string {
	return strings.TrimSpace(has("java", "apt-get install default-jre-headless") + " " + hasFile(t.path("elasticmq/elasticmq-server*.jar")))
}

func startElastic(t *tools, dir string) (*Running, error) {
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	config := fmt.Sprintf(`include classpath("application.conf")
node-address { protocol = http, host = "127.0.0.1", port = %[1]d, context-path = "" }
rest-sqs { enabled = true, bind-port = %[1]d, bind-hostname = "127.0.0.1", sqs-limits = strict }
rest-stats { enabled = false }
`, ports[0])
	path := filepath.Join(dir, "elasticmq.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command("java", "-Dconfig.file="+path, "-cp", t.path("elasticmq", "*"), "org.elasticmq.server.Main")
	return start("elasticmq", dir, cmd, map[string]string{"sqs": local(ports[0])})
}

func startMoto(t *tools, dir string) (*Running, error) {
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(t.path("moto/bin/moto_server"), "-H", "127.0.0.1", "-p", fmt.Sprint(ports[0]))
	return start("moto", dir, cmd, map[string]string{"sqs": local(ports[0])})
}

func startLocalstack(t *tools, dir string) (*Running, error) {
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(t.path("localstack/bin/python"), "-m", "localstack.runtime.main")
	cmd.Env = append(os.Environ(), "GATEWAY_LISTEN="+local(ports[0]), "SERVICES=sqs", "EAGER_SERVICE_LOADING=1",
		"DISABLE_EVENTS=1", "SKIP_INFRA_DOWNLOADS=1", "DNS_ADDRESS=0", "HOME="+dir, "FILESYSTEM_ROOT="+dir)
	return start("localstack", dir, cmd, map[string]string{"sqs": local(ports[0])})
}
