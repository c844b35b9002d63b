// Package core is the broker's domain. (Architecture page: being written.)
package core
