package mqtt

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/slipwaymq/slipway/integration/internal/daemon"
)

// client is a column, or one for each version, of the table.
type client struct {
	name     string
	versions []int
	start    func(*testing.T) driver
	cannot   map[string]string // why, by behaviour, or version or transport and behaviour
}

func clients() []client {
	return []client{
		{"mosquitto", []int{3, 4, 5}, startTools, map[string]string{
			"5 no will after DISCONNECT":                  "mosquitto_sub asks for its will when it leaves (reason code 4)",
			"subscriber reconnects under load, QoS 2":     "libmosquitto 2.0 forgets a message whose PUBREL comes only after it has reconnected",
			"tls subscriber reconnects under load, QoS 1": "mosquitto_sub 2.0 ends when a TLS connection breaks, from Mosquitto too",
			// The loop of libmosquitto goes on after a lost connection, but not after MOSQ_ERR_TLS; which it is depends on the moment.
			"tls publisher reconnects under load, QoS 1": "mosquitto_pub 2.0 may end when a TLS connection breaks",
			"tls publisher reconnects under load, QoS 2": "mosquitto_pub 2.0 may end when a TLS connection breaks",
			"5: subscription options":                    "mosquitto_sub has no options for them",
			"5: session expiry":                          "mosquitto_sub cannot change it when it leaves",
			"5: topic alias":                             "mosquitto_pub publishes to one topic only",
		}},
		{"paho-mqtt (Python)", []int{3, 4, 5}, startPython, nil},
		{"MQTT.js", []int{3, 4, 5}, startNode, nil},
		{"HiveMQ (Java)", []int{4, 5}, startJava, map[string]string{
			"5: subscription identifiers": "the library chooses them itself, and shows them to nobody",
			"5: topic alias":              "the library chooses them itself",
		}},
		{"paho.golang", []int{5}, startGo("pahogolang"), map[string]string{
			"5: will properties": "the library writes only the user properties and the delay of a will",
			// state.go:552 of v0.23.0 writes the PUBREL to a connection that it has set to nil; over TCP too, but hardly ever.
			"tls publisher reconnects under load, QoS 2": "the library panics when a PUBREC comes while it lets go of a connection",
			"ws publisher reconnects under load, QoS 2":  "the library panics when a PUBREC comes while it lets go of a connection",
			"wss publisher reconnects under load, QoS 2": "the library panics when a PUBREC comes while it lets go of a connection",
		}},
		{"paho.mqtt.golang", []int{3, 4}, startGo("pahomqttgolang"), map[string]string{
			"subscriber reconnects under load, QoS 2": "the library hands on a message again that comes again with DUP",
			"publisher reconnects under load, QoS 2":  "the library sends a PUBLISH again after its PUBREL, against MQTT-4.3.3-1",
		}},
	}
}

// installed is a folder below SLIPWAY_TEST_CLIENTS, where .ci/run has put what
// a client needs.
func installed(t *testing.T, name string) string {
	t.Helper()
	all := os.Getenv("SLIPWAY_TEST_CLIENTS")
	dir := filepath.Join(all, name)
	if _, err := os.Stat(dir); all == "" || err != nil {
		daemon.Missing(t, "the client "+name+" in $SLIPWAY_TEST_CLIENTS")
	}
	return dir
}

func startPython(t *testing.T) driver {
	daemon.NeedPython(t, "paho.mqtt.client")
	return startProgram(t, nil, "python3", "clients/pahopython/driver.py")
}

func startNode(t *testing.T) driver {
	daemon.Need(t, "node")
	dir := installed(t, "mqtt-mqttjs")
	return startProgram(t, []string{"NODE_PATH=" + filepath.Join(dir, "node_modules")}, "node", "clients/mqttjs/driver.js")
}

func startJava(t *testing.T) driver {
	daemon.Need(t, "java", "javac")
	dir := installed(t, "mqtt-hivemq")
	jars, classes := filepath.Join(dir, "*"), t.TempDir()
	sources, err := filepath.Glob("clients/hivemq/*.java")
	if err != nil {
		t.Fatal(err)
	}
	run(t, "javac", append([]string{"-cp", jars, "-d", classes}, sources...)...)
	return startProgram(t, nil, "java", "-XX:TieredStopAtLevel=1", "-cp", jars+":"+classes, "Driver")
}

func startGo(name string) func(*testing.T) driver {
	return func(t *testing.T) driver {
		program := filepath.Join(t.TempDir(), name)
		run(t, "go", "build", "-o", program, "./clients/"+name)
		return startProgram(t, nil, program)
	}
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}
