package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const activeServer = "/usr/share/activemq/bin/activemq.jar"

func activeMissing(*tools) string {
	if _, err := os.Stat(activeServer); err != nil {
		return activeServer + ": apt-get install activemq"
	}
	return has("java", "apt-get install default-jre-headless")
}

// startActive starts Debian's ActiveMQ with what its package configures, but for
// the door, and with the memory that its makers' own script gives it.
func startActive(_ *tools, dir string) (*Running, error) {
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	const core = "http://activemq.apache.org/schema/core"
	const beans = "http://www.springframework.org/schema/beans"
	config := fmt.Sprintf(`<beans xmlns="%[1]s" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="%[1]s %[1]s/spring-beans-2.0.xsd %[2]s %[2]s/activemq-core.xsd">
<broker xmlns="%[2]s" useJmx="false" brokerName="bench" dataDirectory="%[3]s/data">
<persistenceAdapter><kahaDB directory="%[3]s/data/kahadb"/></persistenceAdapter>
<transportConnectors><transportConnector name="stomp" uri="stomp://%[4]s"/></transportConnectors>
</broker></beans>
`, beans, core, dir, local(ports[0]))
	path := filepath.Join(dir, "activemq.xml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, err
	}
	home := func(name, path string) string { return "-Dactivemq." + name + "=" + path }
	cmd := exec.Command("java", "-Xms64M", "-Xmx1G", home("home", "/usr/share/activemq"), home("base", dir), home("conf", dir),
		home("data", dir+"/data"), "-jar", activeServer, "start", "xbean:file:"+path)
	cmd.Dir = dir
	return start("activemq", dir, cmd, map[string]string{"stomp": local(ports[0])})
}
