export { type DoorKind, openSyslogDoors, type SyslogDoorOptions, type SyslogDoors, type SyslogTaker } from './syslog-doors.js'
