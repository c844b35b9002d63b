package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "rewrite testdata/*.txt with what Parse says now")

// Each testdata/*.yaml is a bad file, and the .txt beside it is all that Parse
// says of it. Lines "#env NAME=value" set variables.
func TestProblems(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var env []string
			for line := range strings.Lines(string(text)) {
				if v, ok := strings.CutPrefix(line, "#env "); ok {
					env = append(env, strings.TrimSpace(v))
				}
			}
			_, err = Parse("slipway.yaml", text, env, nil)
			if err == nil {
				t.Fatal("Parse took it")
			}
			compare(t, strings.TrimSuffix(file, ".yaml")+".txt", err.Error()+"\n")
		})
	}
}

func compare(t *testing.T, golden, got string) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestLoadReadsTheFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "slipway.yaml")
	if err := os.WriteFile(file, []byte("memory: true\nmqtt: {listen: [\"0.0.0.0:1\"]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(Sources{File: file})
	var p *Problem
	if !errors.As(err, &p) || p.Path != "mqtt.listen[0]" || p.Where != file+", line 2" {
		t.Errorf("got %v", err)
	}
	c, err := Load(Sources{File: file, Env: []string{"SLIPWAY_MQTT_ALLOW_ANONYMOUS=true"}})
	if err != nil || !c.Memory {
		t.Errorf("got %+v, %v", c, err)
	}
	if _, err := Load(Sources{File: filepath.Join(dir, "none.yaml")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Load(Sources{}); err != nil {
		t.Errorf("no file named: %v", err)
	}
}

func TestTooLong(t *testing.T) {
	_, err := Parse("f", []byte(strings.Repeat("#\n", maxFile)), nil, nil)
	if err == nil || !strings.Contains(err.Error(), "longer than 1MiB") {
		t.Errorf("got %v", err)
	}
}

func TestFlagProblems(t *testing.T) {
	_, err := Parse("", nil, nil, map[string]string{"mqtt.listen": "127.0.0.1:1,here", "log.level": "loud"})
	want := `mqtt.listen[1]: "here" is no address to listen on: write host:port, and an IPv6 address in brackets (command line)
log.level: "loud" is none of debug, info, warn or error (command line)`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	_, err := Parse("f", []byte("users: [{name: a, password_hash: hunter2, access_keys: [{id: AAAA, secret: swordy}]}]"), nil, nil)
	if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "swordy") {
		t.Errorf("got %v", err)
	}
}

func TestCheckPasswordHash(t *testing.T) {
	const salt, hash = "c2xpcHdheS1zYWx0", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	const mosquitto = "tqZcdEXwwW8skZzdYnYl8hBcxpTAm8B6RM7cJl8lKN8AddQwML2WcHJtRgf5AsN/KaBaldP0UbMmzWLqEWiaZg=="
	bcrypt := strings.Repeat("a.", 26) + "a"
	for hash, ok := range map[string]bool{
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + hash: true,
		"$2b$10$" + bcrypt: true,
		"$2y$04$" + bcrypt: true,
		"$2b$31$" + bcrypt: false, // days
		"$2b$03$" + bcrypt: false,
		"$argon2id$v=19$m=4294967295,t=2,p=1$" + salt + "$" + hash:  false, // terabytes
		"$argon2id$v=19$m=19456,t=4000000,p=1$" + salt + "$" + hash: false,
		"$argon2id$v=19$m=19456,t=0,p=1$" + salt + "$" + hash:       false,
		"$argon2id$v=19$m=19456,t=2,p=0$" + salt + "$" + hash:       false,
		"$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + hash:       false,
		"$argon2id$v=19$m=19456,t=2$" + salt + "$" + hash:           false,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$":              false,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "==$" + hash:     false,
		"$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + hash:        false,
		"$7$101$INNiC0UsZWejIrq8$" + mosquitto:                      true,
		"$6$INNiC0UsZWejIrq8$" + mosquitto:                          true,
		"$7$0$INNiC0UsZWejIrq8$" + mosquitto:                        false,
		"$7$1000001$INNiC0UsZWejIrq8$" + mosquitto:                  false, // seconds
		"$7$INNiC0UsZWejIrq8$" + mosquitto:                          false,
		"$6$101$INNiC0UsZWejIrq8$" + mosquitto:                      false,
		"$7$101$$" + mosquitto:                                      false,
		"$7$101$INNiC0UsZWejIrq8$":                                  false,
		"$7$101$INNiC0UsZWejIrq8$AAAA":                              false,
		"$6$INNiC0UsZWejIrq8$" + strings.Repeat("a", 86):            false, // what crypt(3) makes
		"plain": false, "": false, "$2b$10$short": false,
	} {
		if err := CheckPasswordHash(hash); (err == nil) != ok {
			t.Errorf("%s: %v", hash, err)
		}
	}
}

// FuzzParse: no file makes the loader panic, and what it takes it takes again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(Example()))
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		_, err := Parse("f", text, nil, nil)
		_, again := Parse("f", text, nil, nil)
		if (err == nil) != (again == nil) || err != nil && err.Error() != again.Error() {
			t.Errorf("first %v, then %v", err, again)
		}
		var p *Problem
		if err != nil && !errors.As(err, &p) {
			t.Errorf("an error that is no problem of the file: %v", err)
		}
	})
}

// A file that cannot be read is named once, and told from one that is wrong.
func TestUnreadableFile(t *testing.T) {
	dir := t.TempDir()
	for file, want := range map[string]string{
		dir + "/none.yaml": "the file cannot be read: no such file or directory (" + dir + "/none.yaml)",
		dir:                "the file cannot be read: is a directory (" + dir + ")",
	} {
		var p *Problem
		if _, err := Load(Sources{File: file}); !errors.As(err, &p) || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
