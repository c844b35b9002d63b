package main

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
)

// The peers that pip and Maven have, pinned.
const (
	motoPackage       = "moto[server,sqs]==5.2.5"
	localstackPackage = "localstack-core[runtime]==4.14.0"
)

//go:embed tools
var poms embed.FS

// install fetches what Debian does not have. One that cannot be had does not
// keep the others from being tried.
func install(t *tools) error {
	if err := os.MkdirAll(t.dir, 0o755); err != nil {
		return err
	}
	var failed error
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"elasticmq", func() error { return installMaven(t, "elasticmq") }},
		{"perftest", func() error { return installMaven(t, "perftest") }},
		{"moto", func() error { return installPython(t, "moto", motoPackage) }},
		{"localstack", func() error {
			return installPython(t, "localstack", localstackPackage, "cbor2<5.8", "pyOpenSSL<25", "cryptography<45", "service_identity")
		}}, // later ones lack what it imports
	} {
		fmt.Println("installing", step.name)
		if err := step.do(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", step.name, err)
			failed = fmt.Errorf("%s cannot be installed", step.name)
		}
	}
	fmt.Println("from Debian: apt-get install mosquitto rabbitmq-server activemq default-jre-headless")
	return failed
}

func installPython(t *tools, name string, what ...string) error {
	if err := program("python3", "-m", "venv", t.path(name)); err != nil {
		return err
	}
	return program(t.path(name, "bin/pip"), append([]string{"install", "-q", "--disable-pip-version-check"}, what...)...)
}

// installMaven fetches what a pom of this name depends on.
func installMaven(t *tools, name string) error {
	pom, err := poms.ReadFile("tools/" + name + "/pom.xml")
	if err != nil {
		return err
	}
	path := t.path(name + ".pom.xml")
	if err := os.WriteFile(path, pom, 0o644); err != nil {
		return err
	}
	return program("mvn", "-B", "-q", "-f", path, "org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies",
		"-DincludeScope=runtime", "-DoutputDirectory="+t.path(name))
}

// program runs a program, its output for the reader.
func program(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}
