export { openSyslog } from './syslog.js'
