package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 || args[0] != "set_vm_memory_high_watermark" {
		return fmt.Errorf("there is no %q here", args)
	}
	fraction, err := strconv.ParseFloat(args[1], 64)
	if err != nil {
		return err
	}
	method, body := http.MethodDelete, ""
	if fraction < 0.01 {
		method, body = http.MethodPut, `{"reason": "low on memory"}`
	}
	r, err := http.NewRequest(method, "http://"+os.Getenv("SLIPWAY_ADMIN")+"/v1/hold", strings.NewReader(body)) //nolint:noctx // ends with the program
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("%s: %s", answer.Status, text)
	}
	return nil
}
