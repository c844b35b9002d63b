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
	{"rabbitmq", "classic queues, synced before the confirm", nil, rabbitMissing, startRabbit("")},
	{"rabbitmq-quorum", "quorum queues of one replica, synced before the confirm", amqpQueues, rabbitMissing, startRabbit("quorum")},
	{"activemq", "KahaDB, synced before the receipt (enableJournalDiskSyncs, as by default); no limit of what a topic keeps for a slow consumer", nil, activeMissing, startActive},
	{"elasticmq", "memory only", nil, elasticMissing, startElastic},
	{"moto", "memory only", nil, func(t *tools) string { return hasFile(t.path("moto/bin/moto_server")) }, startMoto},
	{"localstack", "memory only", nil, func(t *tools) string { return hasFile(t.path("localstack/bin/python")) }, startLocalstack},
	{"floor", "the least that syncs before it confirms; no broker (floor.go)", unreceived, noneMissing, startFloor},
	{"nothing", "answers at once; no broker", func(s *Scenario) bool { return s.Bare }, noneMissing, startNothing},
}

// As it comes, Mosquitto drops what a persistent session is more than 1,000
// messages behind, and without that limit its QoS 0 flood has no end.
const unlimited = "max_queued_messages 0\n"

func confirmed(s *Scenario) bool   { return s.Confirm }
func unconfirmed(s *Scenario) bool { return !s.Confirm }
func unreceived(s *Scenario) bool  { return s.consume() != "sqs" || s.Consumers == 0 }
func amqpQueues(s *Scenario) bool  { return s.Protocol == "amqp" && s.Confirm }

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
