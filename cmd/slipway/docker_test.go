package main

import (
	"encoding/json"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/slipwaymq/slipway/config"
	"github.com/slipwaymq/slipway/core"
)

// No container runs here. What can be known without: that the files parse,
// that what they name exists, and that they fit the configuration.

type compose struct {
	Services map[string]service `yaml:"services"`
	Volumes  map[string]any     `yaml:"volumes"`
}

type service struct {
	Build       string            `yaml:"build"`
	Image       string            `yaml:"image"`
	Environment map[string]string `yaml:"environment"`
	Volumes     []string          `yaml:"volumes"`
	Ports       []string          `yaml:"ports"`
	Command     []string          `yaml:"command"`
	Grace       string            `yaml:"stop_grace_period"`
	Restart     string            `yaml:"restart"`
	DependsOn   map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
}

func readCompose(t *testing.T) compose {
	t.Helper()
	f, err := os.Open("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := yaml.NewDecoder(f)
	d.KnownFields(true)
	var c compose
	if err := d.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

// mounted loads the configuration that the broker's container sees.
func mounted(t *testing.T, s service) config.Config {
	t.Helper()
	var env []string
	for name, value := range s.Environment {
		env = append(env, name+"="+value)
	}
	for _, v := range s.Volumes {
		host, inside, _ := strings.Cut(v, ":")
		if inside != s.Environment["SLIPWAY_CONFIG"]+":ro" {
			continue
		}
		cfg, err := config.Load(config.Sources{File: filepath.Join("../..", host), Env: env})
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	t.Fatalf("SLIPWAY_CONFIG is not mounted: %q", s.Volumes)
	return config.Config{}
}

func TestCompose(t *testing.T) {
	c := readCompose(t)
	broker := c.Services["slipway"]
	cfg := mounted(t, broker)
	if len(cfg.Users) == 0 || cfg.MQTT.AllowAnonymous {
		t.Error("a broker off loopback without users")
	}
	for _, p := range broker.Ports {
		host, port, _ := net.SplitHostPort(p[:strings.LastIndex(p, ":")])
		if !config.Loopback(net.JoinHostPort(host, port)) || !slices.Contains(ports(cfg), p[strings.LastIndex(p, ":")+1:]) {
			t.Errorf("%s is published to the network, or nothing listens there", p)
		}
	}
	for name, s := range c.Services {
		for on, how := range s.DependsOn {
			if _, ok := c.Services[on]; !ok || how.Condition != "service_healthy" {
				t.Errorf("%s depends on %s, %s", name, on, how.Condition)
			}
		}
	}
	checkSensor(t, cfg, c.Services["sensor"].Command)
	checkReader(t, cfg, c.Services["reader"])
}

func ports(cfg config.Config) []string {
	var all []string
	for _, d := range cfg.Doors() {
		for _, a := range d.Addresses() {
			_, port, _ := net.SplitHostPort(a)
			all = append(all, port)
		}
	}
	return all
}

func checkSensor(t *testing.T, cfg config.Config, args []string) {
	t.Helper()
	after := func(flag string) string {
		i := slices.Index(args, flag)
		if i < 0 || i+1 == len(args) {
			t.Fatalf("sensor: no %s in %q", flag, args)
		}
		return args[i+1]
	}
	access, err := newAccess(cfg)
	if err != nil {
		t.Fatal(err)
	}
	sensor, err := access.Authenticate(t.Context(), "", after("-u"), []byte(after("-P")))
	if err != nil {
		t.Fatalf("sensor: %v", err)
	}
	if !sensor.MayPath(core.Write, after("-t")) {
		t.Error("sensor: it may not publish what it publishes")
	}
	if !strings.HasPrefix(after("-t"), strings.TrimSuffix(cfg.Routes[0].Topic, "#")) {
		t.Error("sensor: no route takes what it publishes")
	}
}

func checkReader(t *testing.T, cfg config.Config, s service) {
	t.Helper()
	u, err := url.Parse(s.Environment["AWS_ENDPOINT_URL"])
	if err != nil || !slices.Contains(cfg.AWS.AllowedHosts, u.Hostname()) || !slices.Contains(ports(cfg), u.Port()) {
		t.Errorf("reader: %v is not where the broker is, or is refused", u)
	}
	if !slices.ContainsFunc(s.Command, func(a string) bool { return strings.HasSuffix(a, "/"+cfg.Routes[0].Queue) }) {
		t.Errorf("reader: %q is not the route's queue", s.Command)
	}
}

func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]string{} // by instruction
	from := []string{}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch name {
		case "", "#":
		case "FROM":
			from = append(from, rest)
		case "WORKDIR", "COPY", "RUN", "USER", "ENV", "VOLUME", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT", "CMD":
			last[name] = rest
			if name == "RUN" && strings.Contains(rest, "go build") && !strings.Contains(rest, "CGO_ENABLED=0") {
				t.Error("the binary is not static")
			}
		default:
			t.Errorf("what is %q?", line)
		}
	}
	if len(from) != 2 || !strings.HasPrefix(from[0], "golang:1.26") || from[1] != "scratch" {
		t.Errorf("FROM %q", from)
	}
	if u := last["USER"]; u == "" || strings.HasPrefix(u, "0") || strings.HasPrefix(u, "root") {
		t.Errorf("runs as %q", u)
	}
	_, check, _ := strings.Cut(last["HEALTHCHECK"], "CMD ")
	for _, words := range []string{check, last["ENTRYPOINT"], last["CMD"]} {
		checkExec(t, words)
	}
	if got, want := strings.Fields(last["EXPOSE"]), ports(config.Default()); !slices.Equal(got, want) {
		t.Errorf("EXPOSE %q, but the default ports are %q", got, want)
	}
}

// checkExec wants the exec form (there is no shell) and our own commands.
func checkExec(t *testing.T, words string) {
	t.Helper()
	var args []string
	if err := json.Unmarshal([]byte(words), &args); err != nil {
		t.Errorf("%s: %v", words, err)
		return
	}
	if args[0] == "/slipway" {
		args = args[1:]
	}
	if c, _ := pick(args); c == nil {
		t.Errorf("%s: there is no such command", words)
	}
}
