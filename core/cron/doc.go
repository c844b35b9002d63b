// Package cron is times of the calendar as the five fields of a crontab: minute,
// hour, day of the month, month, day of the week. It is pure: who asks for the next
// time says after which, and in whose zone.
//
// # Support
//
//	*, a number, a-b, and several of them with commas   yes
//	*/n, a-b/n                                          yes; what n divides, as in ActiveMQ: */2 are the even days
//	?                                                   as *
//	days of the week                                    0 to 6, 0 is Sunday
//	both days given                                     either (crontab(5)); what ActiveMQ makes of it is neither either nor both
//	names (JAN, MON), 7, seconds, years, @hourly, L     absent; refused, as by ActiveMQ
//	minute 60, hour 24, 31 February                     refused; taken for some later time by ActiveMQ
//
// # Not obvious
//
//   - Where a zone sets its clocks back, what comes at one of the times that there are
//     twice comes twice; where it sets them forward, what comes at one that there is
//     not does not come.
package cron
