package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/slipwaymq/slipway/config"
)

// opened is a door that accepts connections, at the address it really has.
type opened struct {
	door    string
	address string
}

// serveCommand runs the broker until a signal comes, or it fails.
func serveCommand(ctx context.Context, c call) error {
	src, err := c.sources()
	if err != nil {
		return err
	}
	cfg, err := load(src)
	if err != nil {
		return err
	}
	signals, stop := hangups(src.File, cfg)
	defer stop()
	log, level := newLogger(cfg.Log, c.err)
	again := reload{signals: signals, level: level, load: func() (config.Config, error) { return load(src) }}
	return serve(ctx, cfg, log, again, func(doors []opened) { banner(c.out, cfg, doors) })
}

// settingFlags are the flags of serve, and the settings they are.
var settingFlags = []struct{ flag, path, what string }{
	{"data", "data_dir", "keep messages in `DIR`"},
	{"mqtt-listen", "mqtt.listen", "comma `LIST` of host:port for MQTT"},
	{"amqp-listen", "amqp.listen", "comma `LIST` of host:port for AMQP 0-9-1"},
	{"stomp-listen", "stomp.listen", "comma `LIST` of host:port for STOMP"},
	{"websocket-listen", "websocket.listen", "comma `LIST` of host:port for WebSocket"},
	{"aws-listen", "aws.listen", "comma `LIST` of host:port for SQS and SNS"},
	{"admin-listen", "admin.listen", "comma `LIST` of host:port for health and metrics"},
	{"log-level", "log.level", "`LEVEL` debug, info, warn or error"},
	{"log-format", "log.format", "`FORMAT` text or json"},
}

// sources reads the flags of serve, and says what is below them.
func (c call) sources() (config.Sources, error) {
	fs := c.flags("serve", "[flags]")
	file := fs.String("config", c.getenv("SLIPWAY_CONFIG"), "read settings from `FILE`")
	fs.Bool("memory", false, "keep nothing on disk")
	for _, f := range settingFlags {
		fs.String(f.flag, "", f.what)
	}
	if _, err := c.parse(fs, 0); err != nil {
		return config.Sources{}, err
	}
	return config.Sources{File: *file, Env: c.env, Flags: given(fs)}, nil
}

func load(src config.Sources) (config.Config, error) {
	cfg, err := config.Load(src)
	if err != nil {
		return config.Config{}, configError(fmt.Errorf("the configuration is wrong:\n%w", err))
	}
	return cfg, nil
}

// given returns the settings that the command line sets, by path.
func given(fs *flag.FlagSet) map[string]string {
	paths := map[string]string{"memory": "memory"}
	for _, f := range settingFlags {
		paths[f.flag] = f.path
	}
	set := map[string]string{}
	fs.Visit(func(f *flag.Flag) {
		if path, ok := paths[f.Name]; ok {
			set[path] = f.Value.String()
		}
	})
	return set
}

// getenv returns a variable of the call's environment.
func (c call) getenv(name string) string {
	for _, variable := range c.env {
		if value, ok := strings.CutPrefix(variable, name+"="); ok {
			return value
		}
	}
	return ""
}

func newLogger(cfg config.Log, w io.Writer) (*slog.Logger, *slog.LevelVar) {
	level := new(slog.LevelVar)
	level.Set(levelOf(cfg))
	o := &slog.HandlerOptions{Level: level}
	if cfg.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o)), level
	}
	return slog.New(slog.NewTextHandler(w, o)), level
}

func levelOf(cfg config.Log) (level slog.Level) {
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		panic(err) // config has checked it
	}
	return level
}
