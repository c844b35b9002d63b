// Package browser runs unmodified client libraries in Chromium, from pages that
// a server on this machine hands out, as web applications do.
//
//	library                   page               what is installed
//	MQTT.js                   pages/mqtt.html    chromium (Debian); client/package-lock.json
//	@stomp/stompjs            pages/stomp.html   as above
//	@cloudamqp/amqp-client    pages/amqp.html    as above
//
// A page defines functions; a test names one with its arguments, and gets what
// it returns (client/driver.js). Libraries are under /lib/ as npm names them. So a
// library more is a line in client/package.json, a page and a test.
//
// Hosts under .test are this machine to the browser: a page from there has a
// foreign Origin.
package browser
