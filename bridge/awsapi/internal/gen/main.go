package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

type source struct {
	Package, File string
}

var sources = []source{
	{"sqsapi", "sqs/2012-11-05"},
	{"snsapi", "sns/2010-03-31"},
	{"stsapi", "sts/2011-06-15"},
}

func main() {
	from := flag.String("reduce", "", "botocore's data directory, to make the reduced models from")
	flag.Parse()
	if err := run(*from); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(from string) error {
	table := &file{}
	for _, s := range sources {
		path := filepath.Join("model", s.Package[:3]+".json")
		if from != "" {
			m, err := reduce(filepath.Join(from, s.File, "service-2.json"))
			if err != nil {
				return err
			}
			if err := m.write(path); err != nil {
				return err
			}
			continue
		}
		m, err := readModel(path)
		if err != nil {
			return err
		}
		if err := emit(m, s.Package); err != nil {
			return fmt.Errorf("%s: %w", s.Package, err)
		}
		m.testTable(table, s.Package)
	}
	if from != "" {
		return nil
	}
	return saveTestTable(table)
}
